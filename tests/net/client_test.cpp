#include "net/client.hpp"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <atomic>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_future.hpp>
#include <csignal>
#include <cstdio>
#include <filesystem>
#include <functional>

#include "net/raw.hpp"
#include "support/catch.hpp"

namespace warmcall::tests {

namespace {

constexpr auto ample = std::chrono::milliseconds{patience_ms};  // never waited for when all is well

using Progress = Exchange::Progress;

// Listens on loopback and plays one script after the other, one connection each.
class Peer {
 public:
    using Script = std::function<void(int fd)>;
    explicit Peer(std::vector<Script> scripts) : listener_{::socket(AF_INET, SOCK_STREAM, 0)} {
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        socklen_t size = sizeof address;
        ::bind(listener_, reinterpret_cast<const sockaddr*>(&address), size);
        ::listen(listener_, 8);
        ::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size);
        port_ = ntohs(address.sin_port);
        thread_ = std::thread{[this, scripts = std::move(scripts)] {
            for (const Script& script : scripts) {
                const int fd = ::accept(listener_, nullptr, nullptr);
                if (fd < 0)
                    return;
                ++accepted;
                script(fd);
                ::close(fd);
            }
        }};
    }
    ~Peer() {
        ::shutdown(listener_, SHUT_RDWR);
        thread_.join();
        ::close(listener_);
    }
    std::string origin(std::string_view scheme = "http",
                       std::string_view host = "127.0.0.1") const {
        return std::string{scheme} + "://" + std::string{host} + ":" + std::to_string(port_);
    }
    std::atomic<int> accepted = 0;

 private:
    int listener_;
    std::uint16_t port_ = 0;
    std::thread thread_;
};

std::string read_request(int fd) {
    std::string got;
    char byte = 0;
    while (got.find("\r\n\r\n") == std::string::npos && ::recv(fd, &byte, 1, 0) == 1)
        got += byte;
    const std::size_t field = got.find("Content-Length: ");
    const std::size_t size = field == std::string::npos ? 0 : std::stoul(got.substr(field + 16));
    for (std::size_t i = 0; i < size && ::recv(fd, &byte, 1, 0) == 1; ++i)
        got += byte;
    return got;
}

void say(int fd, std::string_view bytes) {
    while (!bytes.empty()) {
        const ssize_t sent = ::send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
        if (sent <= 0)
            return;
        bytes.remove_prefix(static_cast<std::size_t>(sent));
    }
}

void until_closed(int fd) {
    char dropped[4096];
    while (::recv(fd, dropped, sizeof dropped, 0) > 0) {
    }
}

void reset(int fd) {
    const linger now{1, 0};
    ::setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof now);
}

Peer::Script answers(std::string bytes) {
    return [bytes = std::move(bytes)](int fd) {
        read_request(fd);
        say(fd, bytes);
    };
}

// Answers as often as the client asks on this connection.
Peer::Script answers_always(std::string bytes) {
    return [bytes = std::move(bytes)](int fd) {
        while (!read_request(fd).empty())
            say(fd, bytes);
    };
}

constexpr std::string_view good = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nX-A: b\r\n\r\nhi";

// Runs one coroutine on a context of its own.
template <class Ask>
auto run(Ask ask, net::ClientOptions options = {}) {
    asio::io_context context{1};
    const auto transport = net::make_transport(context, std::move(options));
    auto ended = asio::co_spawn(context, ask(*transport), asio::use_future);
    context.run();
    return ended.get();
}

asio::awaitable<Exchange> post_once(Transport& transport, std::string origin, std::string body,
                                    std::chrono::milliseconds limit) {
    auto connection = co_await transport.connect(origin, ample);
    if (!connection)
        co_return Exchange{Progress::not_sent, {}, connection.error().message};
    co_return co_await (*connection)
        ->exchange({"POST", origin + "/m?secret=1", {}, std::move(body)}, limit);
}

Exchange post(const Peer& peer, std::string body = "hello",
              std::chrono::milliseconds limit = ample) {
    return run([&](Transport& transport) {
        return post_once(transport, peer.origin(), std::move(body), limit);
    });
}

}  // namespace

TEST_CASE("an answer that came whole is an answer, with its fields and its body") {
    std::string asked;
    Peer peer{{[&](int fd) {
        asked = read_request(fd);
        say(fd, good);
    }}};
    const Exchange result = post(peer);
    CHECK(result.progress == Progress::answered);
    CHECK(result.response.status == 200);
    CHECK(result.response.body == "hi");
    CHECK(result.response.header("x-a") == "b");
    CHECK(result.problem.empty());
    CHECK(asked.starts_with("POST /m?secret=1 HTTP/1.1\r\nHost: 127.0.0.1:"));
    CHECK(asked.ends_with("Content-Length: 5\r\n\r\nhello"));
}

TEST_CASE("a refusal with a body is an answer too, whatever its status") {
    Peer peer{{answers("HTTP/1.1 503 Busy\r\nContent-Length: 4\r\nRetry-After: 7\r\n\r\nbusy")}};
    const Exchange result = post(peer);
    CHECK(result.progress == Progress::answered);
    CHECK(result.response.status == 503);
    CHECK(result.response.header("Retry-After") == "7");
}

TEST_CASE("chunked answers, answers up to the close and answers after an interim one are read") {
    Peer peer{{answers("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n"),
               answers("HTTP/1.1 200 OK\r\n\r\nhi"),
               answers("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: a\r\n\r\n" +
                       std::string{good})}};
    for (int i = 0; i < 3; ++i) {
        const Exchange result = post(peer);
        CHECK(result.progress == Progress::answered);
        CHECK(result.response.body == "hi");
    }
}

TEST_CASE("a peer that takes the request and says nothing leaves it written") {
    Peer peer{{[](int fd) { until_closed(fd); }}};
    const Exchange result = post(peer, "hello", 50ms);
    CHECK(result.progress == Progress::written);
    CHECK(result.problem == "timeout");
}

TEST_CASE("a peer that answers too slowly leaves it written, however it trickles") {
    Peer peer{{[](int fd) {
        read_request(fd);
        say(fd, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n");
        until_closed(fd);
    }}};
    const Exchange result = post(peer, "hello", 50ms);
    CHECK(result.progress == Progress::written);
    CHECK(result.problem == "timeout");
    CHECK(result.response.body.empty());
}

TEST_CASE("a peer that takes the request and resets leaves it written") {
    Peer peer{{[](int fd) {
        read_request(fd);
        reset(fd);
    }}};
    const Exchange result = post(peer);
    CHECK(result.progress == Progress::written);
    CHECK(result.problem == "the connection was reset");
}

TEST_CASE("a peer that closes in the middle of its answer leaves it written") {
    for (const char* part : {"", "HTTP/1.1 20", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhi",
                             "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n"}) {
        Peer peer{{answers(part)}};
        const Exchange result = post(peer);
        INFO(part);
        CHECK(result.progress == Progress::written);
        CHECK(result.problem == "the connection was closed before the whole answer");
    }
}

TEST_CASE("a peer that answers garbage leaves it written") {
    for (const char* garbage :
         {"SSH-2.0-OpenSSH_9.2\r\n\r\n", "HTTP/1.1 abc\r\n\r\n", "{\"ok\":true}\r\n\r\n",
          "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\nhi",
          "HTTP/1.1 200 OK\r\nContent-Length: -2\r\n\r\nhi"}) {
        Peer peer{{answers(garbage)}};
        const Exchange result = post(peer);
        INFO(garbage);
        CHECK(result.progress == Progress::written);
        CHECK(result.problem == "the answer is not HTTP");
    }
}

TEST_CASE("an answer that is too large counts as none") {
    const std::string large(1536 * 1024, 'x');
    Peer peer{{answers("HTTP/1.1 200 OK\r\nContent-Length: 1572864\r\n\r\n" + large),
               answers("HTTP/1.1 200 OK\r\n\r\n" + large),
               answers("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n180000\r\n" + large +
                       "\r\n0\r\n\r\n"),
               answers("HTTP/1.1 200 OK\r\nX: " + large + "\r\n\r\n")}};
    for (int i = 0; i < 4; ++i) {
        const Exchange result = post(peer);
        INFO(i);
        CHECK(result.progress == Progress::written);
        CHECK(result.problem == "the answer is too large");
    }
}

TEST_CASE("a peer that closes before it took the whole request leaves it not sent") {
    const std::string large(std::size_t{64} * 1024 * 1024, 'x');
    Peer peer{{[](int fd) {
        char byte = 0;
        ::recv(fd, &byte, 1, 0);
        reset(fd);
    }}};
    const Exchange result = post(peer, large);
    CHECK(result.progress == Progress::not_sent);
    CHECK(result.problem == "the connection was reset");
}

TEST_CASE("a peer that stops reading leaves a large request not sent") {
    const std::string large(std::size_t{64} * 1024 * 1024, 'x');
    std::promise<void> done;
    Peer peer{{[&](int) { done.get_future().wait(); }}};
    const Exchange result = post(peer, large, 200ms);
    CHECK(result.progress == Progress::not_sent);
    CHECK(result.problem == "timeout");
    done.set_value();
}

TEST_CASE(
    "a request that cannot be put on the wire is not sent, and the sentence keeps its query to "
    "itself") {
    Peer peer{{answers_always(std::string{good})}};
    const std::string origin = peer.origin();
    const auto exchange = [&](HttpRequest request) {
        return run([&](Transport& transport) -> asio::awaitable<Exchange> {
            return
                [](Transport& on, std::string to, HttpRequest what) -> asio::awaitable<Exchange> {
                    auto connection = co_await on.connect(to, ample);
                    REQUIRE(connection);
                    co_return co_await (*connection)->exchange(std::move(what), ample);
                }(transport, origin, request);
        });
    };
    for (const HttpRequest& request :
         {HttpRequest{"POST", origin + "/?token=s3", {{"X", "a\r\nY: b"}}, {}},
          HttpRequest{"POST", origin + "/?token=s3", {{"X Y", "a"}}, {}},
          HttpRequest{"POST", origin + "/a b?token=s3", {}, {}},
          HttpRequest{"PO ST", origin + "/?token=s3", {}, {}},
          HttpRequest{"POST", "http://elsewhere.example/?token=s3", {}, {}}}) {
        const Exchange result = exchange(request);
        CHECK(result.progress == Progress::not_sent);
        CHECK_FALSE(result.problem.empty());
        CHECK(result.problem.find("s3") == std::string::npos);
    }
}

TEST_CASE("a connection is used again while it is fresh") {
    Peer peer{{answers_always(std::string{good}), answers_always(std::string{good})}};
    const auto thrice = [&](std::chrono::milliseconds idle_time) {
        net::ClientOptions options;
        options.idle_time = idle_time;
        run(
            [&](Transport& transport) -> asio::awaitable<void> {
                return [](Transport& on, std::string to) -> asio::awaitable<void> {
                    for (int i = 0; i < 3; ++i)
                        CHECK((co_await post_once(on, to, "x", ample)).progress ==
                              Progress::answered);
                }(transport, peer.origin());
            },
            options);
    };
    thrice(4s);
    CHECK(peer.accepted == 1);
}

TEST_CASE("a connection that idled too long, or that its peer closed, is not used again") {
    Peer stale{{answers_always(std::string{good}), answers_always(std::string{good})}};
    net::ClientOptions never;
    never.idle_time = 0ms;
    const auto twice = [](Transport& on, std::string to,
                          std::function<void()> between) -> asio::awaitable<void> {
        CHECK((co_await post_once(on, to, "x", ample)).progress == Progress::answered);
        between();
        CHECK((co_await post_once(on, to, "x", ample)).progress == Progress::answered);
    };
    run([&](Transport& transport) { return twice(transport, stale.origin(), [] {}); }, never);
    CHECK(stale.accepted == 2);

    std::promise<void> hung_up;
    Peer closing{{[&](int fd) {  // keep-alive is promised, and not kept
                      read_request(fd);
                      say(fd, good);
                      ::shutdown(fd, SHUT_RDWR);
                      hung_up.set_value();
                  },
                  answers(std::string{good})}};
    run([&](Transport& transport) {
        return twice(transport, closing.origin(), [&] { hung_up.get_future().wait(); });
    });
    CHECK(closing.accepted == 2);
}

TEST_CASE("nothing is ever sent twice by the client itself") {
    int requests = 0;
    const Peer::Script dies = [&](int fd) { requests += read_request(fd).empty() ? 0 : 1; };
    Peer peer{{dies, dies, dies}};
    CHECK(post(peer).progress == Progress::written);
    CHECK(peer.accepted == 1);
}

TEST_CASE("who cannot be reached is named, and nothing was sent") {
    std::string origin;
    {
        Peer gone{{}};
        origin = gone.origin();
    }
    const Exchange refused = run([&](Transport& t) { return post_once(t, origin, "x", ample); });
    CHECK(refused.progress == Progress::not_sent);
    CHECK(refused.problem == "cannot connect to 127.0.0.1: the connection was refused");
    const Exchange unknown =
        run([&](Transport& t) { return post_once(t, "http://no.such.invalid", "x", ample); });
    CHECK(unknown.problem.starts_with("cannot resolve no.such.invalid: "));
    for (const char* wrong : {"graph.facebook.com", "ftp://a", "http://", "http://a:0",
                              "http://a:99999", "http://[::1", "http://me@host", "https://a b"}) {
        INFO(wrong);
        CHECK(run([&](Transport& t) {
                  return post_once(t, wrong, "x", ample);
              }).problem.starts_with("the address of a server must look like"));
    }
}

TEST_CASE("an exchange that is cancelled still says how far it got") {
    Peer peer{{[](int fd) { until_closed(fd); }}};
    asio::io_context context{1};
    const auto transport = net::make_transport(context);
    asio::cancellation_signal cancel;
    Exchange result;
    const auto ask = [](Transport& on, std::string to, Exchange& into,
                        asio::cancellation_signal& signal) -> asio::awaitable<void> {
        auto connection = co_await on.connect(to, ample);
        REQUIRE(connection);
        const auto executor = co_await asio::this_coro::executor;
        asio::steady_timer later{executor, 50ms};
        later.async_wait([&](auto) { signal.emit(asio::cancellation_type::terminal); });
        into = co_await (*connection)->exchange({"POST", "/", {}, "x"}, ample);
    };
    asio::co_spawn(context, ask(*transport, peer.origin(), result, cancel),
                   asio::bind_cancellation_slot(cancel.slot(), [](std::exception_ptr) {}));
    context.run();
    CHECK(result.progress == Progress::written);
    CHECK(result.problem == "given up");
}

TEST_CASE("client and server understand each other") {
    Serving serving;
    const std::string origin = "http://127.0.0.1:" + std::to_string(serving.port());
    const Exchange result = run([&](Transport& t) { return post_once(t, origin, "hello", ample); });
    CHECK(result.response.body == "POST /m?secret=1 5");
}

// ---- TLS ----

namespace {

using Key = std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)>;
using Certificate = std::unique_ptr<X509, decltype(&X509_free)>;

struct Identity {
    Key key{EVP_EC_gen("P-256"), &EVP_PKEY_free};
    Certificate certificate{X509_new(), &X509_free};
};

void extend(X509* certificate, int kind, const std::string& value) {
    X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, nullptr, kind, value.c_str());
    X509_add_ext(certificate, extension, -1);
    X509_EXTENSION_free(extension);
}

// Signed by `issuer`, or by itself as an authority when there is none.
Identity identity(const std::string& name, const Identity* issuer) {
    Identity made;
    X509* const certificate = made.certificate.get();
    X509_set_version(certificate, 2);
    ASN1_INTEGER_set(X509_get_serialNumber(certificate), issuer ? 2 : 1);
    X509_gmtime_adj(X509_getm_notBefore(certificate), -3600);
    X509_gmtime_adj(X509_getm_notAfter(certificate), 3600);
    X509_set_pubkey(certificate, made.key.get());
    X509_NAME_add_entry_by_txt(X509_get_subject_name(certificate), "CN", MBSTRING_UTF8,
                               reinterpret_cast<const unsigned char*>(name.c_str()), -1, -1, 0);
    const Identity& signer = issuer ? *issuer : made;
    X509_set_issuer_name(certificate, X509_get_subject_name(signer.certificate.get()));
    if (issuer)
        extend(certificate, NID_subject_alt_name, "DNS:" + name);
    else
        extend(certificate, NID_basic_constraints, "critical,CA:TRUE");
    X509_sign(certificate, signer.key.get(), EVP_sha256());
    return made;
}

class CaFile {
 public:
    explicit CaFile(const Identity& authority) {
        path_ = (std::filesystem::temp_directory_path() / "warmcall-ca-XXXXXX").string();
        std::FILE* const file = ::fdopen(::mkstemp(path_.data()), "w");
        PEM_write_X509(file, authority.certificate.get());
        std::fclose(file);
    }
    ~CaFile() { std::filesystem::remove(path_); }
    net::ClientOptions trusted() const {
        net::ClientOptions options;
        options.ca_file = path_;
        return options;
    }

 private:
    std::string path_;
};

struct Talk {
    std::string* name_asked = nullptr;
    int version_max = 0;  // 0: the newest
    int answers = 100;    // then it is over, without a close_notify
};

Peer::Script tls(const Identity& who, std::string answer, Talk talk = {}) {
    return [&who, answer = std::move(answer), talk](int fd) {
        SSL_CTX* const context = SSL_CTX_new(TLS_server_method());
        SSL_CTX_set_security_level(context, 0);  // so that even TLS 1.1 could be had
        SSL_CTX_set_max_proto_version(context, talk.version_max);
        SSL_CTX_use_certificate(context, who.certificate.get());
        SSL_CTX_use_PrivateKey(context, who.key.get());
        SSL* const stream = SSL_new(context);
        SSL_set_fd(stream, fd);
        std::signal(SIGPIPE, SIG_IGN);  // OpenSSL writes to a client that may be gone
        char got[4096];
        const bool agreed = SSL_accept(stream) == 1;
        const char* const name = SSL_get_servername(stream, TLSEXT_NAMETYPE_host_name);
        if (name && talk.name_asked)
            *talk.name_asked = name;
        for (int left = talk.answers; agreed && left > 0 && SSL_read(stream, got, sizeof got) > 0;
             --left)
            SSL_write(stream, answer.data(), static_cast<int>(answer.size()));
        SSL_free(stream);
        SSL_CTX_free(context);
    };
}

Exchange post_tls(const Peer& peer, const net::ClientOptions& options,
                  std::string_view host = "localhost") {
    return run(
        [&](Transport& t) { return post_once(t, peer.origin("https", host), "hello", ample); },
        options);
}

}  // namespace

TEST_CASE(
    "over TLS a host is believed that a trusted authority vouches for, and is told which host is "
    "meant") {
    const Identity authority = identity("an authority", nullptr);
    const Identity host = identity("localhost", &authority);
    const CaFile file{authority};
    std::string asked;
    Talk talk;
    talk.name_asked = &asked;
    Peer peer{{tls(host, std::string{good}, talk)}};
    const Exchange result = post_tls(peer, file.trusted());
    CHECK(result.problem.empty());
    CHECK(result.progress == Progress::answered);
    CHECK(result.response.body == "hi");
    CHECK(asked == "localhost");
}

TEST_CASE("over TLS another host's certificate is refused before a byte is sent") {
    const Identity authority = identity("an authority", nullptr);
    const Identity other = identity("other.example", &authority);
    const CaFile file{authority};
    Peer peer{{tls(other, std::string{good})}};
    const Exchange result = post_tls(peer, file.trusted());
    CHECK(result.progress == Progress::not_sent);
    CHECK(result.problem.starts_with("the certificate of localhost is not good: "));
}

TEST_CASE("over TLS a certificate for a name does not do for an address") {
    const Identity authority = identity("an authority", nullptr);
    const Identity host = identity("localhost", &authority);
    const CaFile file{authority};
    Peer peer{{tls(host, std::string{good})}};
    CHECK(post_tls(peer, file.trusted(), "127.0.0.1").progress == Progress::not_sent);
}

TEST_CASE("over TLS an authority nobody knows is refused") {
    const Identity authority = identity("an authority", nullptr);
    const Identity stranger = identity("a stranger", nullptr);
    const Identity host = identity("localhost", &stranger);
    const CaFile file{authority};
    Peer peer{{tls(host, std::string{good}), tls(stranger, std::string{good})}};
    for (int i = 0; i < 2; ++i) {
        const Exchange result = post_tls(peer, file.trusted());
        CHECK(result.progress == Progress::not_sent);
        CHECK(result.problem.starts_with("the certificate of localhost is not good: "));
    }
}

TEST_CASE("over TLS nothing older than 1.2 is spoken") {
    const Identity authority = identity("an authority", nullptr);
    const Identity host = identity("localhost", &authority);
    const CaFile file{authority};
    Talk too_old;
    too_old.version_max = TLS1_1_VERSION;
    Talk old_enough;
    old_enough.version_max = TLS1_2_VERSION;
    Peer peer{{tls(host, std::string{good}, too_old), tls(host, std::string{good}, old_enough)}};
    const Exchange old = post_tls(peer, file.trusted());
    CHECK(old.progress == Progress::not_sent);
    CHECK(old.problem.starts_with("no TLS with localhost: "));
    CHECK(post_tls(peer, file.trusted()).progress == Progress::answered);
}

TEST_CASE("over TLS authorities that cannot be read are an error that names the file") {
    Peer peer{{[](int fd) { until_closed(fd); }}};
    net::ClientOptions options;
    options.ca_file = "/nowhere/ca.pem";
    const Exchange result = post_tls(peer, options);
    CHECK(result.progress == Progress::not_sent);
    CHECK(result.problem.starts_with("cannot read the CA certificates in /nowhere/ca.pem: "));
}

TEST_CASE("over TLS a peer that falls silent in the handshake costs only the time allowed") {
    Peer peer{{[](int fd) { until_closed(fd); }}};
    const Exchange result = run([&](Transport& t) -> asio::awaitable<Exchange> {
        return [](Transport& on, std::string to) -> asio::awaitable<Exchange> {
            const auto connection = co_await on.connect(to, 50ms);
            REQUIRE_FALSE(connection);
            co_return Exchange{Progress::not_sent, {}, connection.error().message};
        }(t, peer.origin("https"));
    });
    CHECK(result.problem == "no TLS with 127.0.0.1: timeout");
}

TEST_CASE("over TLS an answer up to the close is no answer when the close is not signed") {
    const Identity authority = identity("an authority", nullptr);
    const Identity host = identity("localhost", &authority);
    const CaFile file{authority};
    Talk talk;
    talk.answers = 1;  // then the connection is just gone
    Peer peer{{tls(host, "HTTP/1.1 200 OK\r\n\r\nhi", talk)}};
    const Exchange result = post_tls(peer, file.trusted());
    CHECK(result.progress == Progress::written);
}

}  // namespace warmcall::tests
