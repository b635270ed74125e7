#include "store/cluster.hpp"

#include <libpq-fe.h>
#include <pwd.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <memory>
#include <stdexcept>

namespace warmcall {

namespace {

const std::filesystem::path programs{"/usr/lib/postgresql/15/bin"};

void run(const std::string& command) {
    if (std::system(command.c_str()) != 0)
        throw std::runtime_error{"it failed: " + command};
}

std::filesystem::path new_folder() {
    // In memory where there is such a place: what a disk's syncs take is not what these tests are
    // about.
    const std::filesystem::path shm{"/dev/shm"};
    const auto where =
        ::access(shm.c_str(), W_OK) == 0 ? shm : std::filesystem::temp_directory_path();
    std::string pattern = (where / "warmcall-pg-XXXXXX").string();
    if (::mkdtemp(pattern.data()) == nullptr)
        throw std::runtime_error{"no temporary folder"};
    return pattern;
}

}  // namespace

Cluster::Cluster() : folder_{new_folder()}, as_postgres_{::geteuid() == 0} {
    if (as_postgres_) {
        const passwd* user = ::getpwnam("postgres");
        if (user == nullptr || ::chown(folder_.c_str(), user->pw_uid, user->pw_gid) != 0)
            throw std::runtime_error{"PostgreSQL is not installed: scripts/setup --tests"};
    }
    run(command("initdb", "-D " + (folder_ / "data").string() +
                              " -U warmcall -A trust -E UTF8 --no-locale --no-sync"));
    std::ofstream{folder_ / "data/postgresql.auto.conf", std::ios::app}
        << "listen_addresses = ''\nunix_socket_directories = '" << folder_.string()
        << "'\nfsync = off\nfull_page_writes = off\nshared_buffers = 64MB\n"
           "max_connections = 60\nautovacuum = off\n";
    start();
}

Cluster::~Cluster() {
    try {
        stop();
    } catch (const std::exception&) {
        // it was down already
    }
    std::error_code ignored;
    std::filesystem::remove_all(folder_, ignored);
}

void Cluster::start() {
    run(command("pg_ctl", "-D " + (folder_ / "data").string() + " -w -t 60 -l " +
                              (folder_ / "log").string() + " start"));
}

void Cluster::stop() {
    run(command("pg_ctl", "-D " + (folder_ / "data").string() + " -w -t 60 -m immediate stop"));
}

std::string Cluster::url(const std::string& name) const {
    return "postgresql:///" + name + "?user=warmcall&host=" + folder_.string();
}

std::string Cluster::create(const std::string& name) {
    const std::string problem = ask("postgres", "CREATE DATABASE " + name);
    if (!problem.empty())
        throw std::runtime_error{problem};
    return url(name);
}

std::string Cluster::ask(const std::string& name, const std::string& sql) const {
    const std::unique_ptr<PGconn, decltype(&PQfinish)> db{PQconnectdb(url(name).c_str()),
                                                          &PQfinish};
    PQsetNoticeProcessor(db.get(), [](void*, const char*) {}, nullptr);
    const std::unique_ptr<PGresult, decltype(&PQclear)> result{PQexec(db.get(), sql.c_str()),
                                                               &PQclear};
    const ExecStatusType status = PQresultStatus(result.get());
    if (status != PGRES_TUPLES_OK && status != PGRES_COMMAND_OK)
        return PQerrorMessage(db.get());
    return PQntuples(result.get()) > 0 ? PQgetvalue(result.get(), 0, 0) : "";
}

std::string Cluster::command(const std::string& program, const std::string& arguments) const {
    const std::string line = (programs / program).string() + " " + arguments;
    return as_postgres_ ? "cd / && setpriv --reuid postgres --regid postgres --init-groups " +
                              line + " > /dev/null 2>&1 < /dev/null"
                        : line + " > /dev/null 2>&1 < /dev/null";
}

Cluster& Cluster::shared() {
    static Cluster cluster;
    return cluster;
}

}  // namespace warmcall
