#pragma once
// A PostgreSQL of the test's own: a throw-away cluster on a unix socket, gone afterwards. It runs
// as the user "postgres" when the test is root, because PostgreSQL refuses to be root.

#include <filesystem>
#include <string>

namespace warmcall {

class Cluster {
 public:
    Cluster();
    ~Cluster();
    Cluster(const Cluster&) = delete;
    Cluster& operator=(const Cluster&) = delete;

    // An empty database of that name; its url for [store].
    std::string create(const std::string& name);
    std::string url(const std::string& name) const;

    void stop();  // as on a power cut
    void start();

    // One statement by other hands, as a curious admin with psql has it: the first value, or what
    // the server said of it.
    std::string ask(const std::string& name, const std::string& sql) const;

    // The one cluster of this test program.
    static Cluster& shared();

 private:
    std::string command(const std::string& program, const std::string& arguments) const;

    std::filesystem::path folder_;
    bool as_postgres_ = false;
};

}  // namespace warmcall
