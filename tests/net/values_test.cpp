// The small pure parts that everything else stands on: messages, URLs, tokens, digests, chance.

#include <map>

#include "net/answer.hpp"
#include "net/strict.hpp"
#include "net/url.hpp"
#include "ports/clock.hpp"
#include "ports/http.hpp"
#include "ports/provider.hpp"
#include "ports/system.hpp"
#include "support/catch.hpp"
#include "support/log.hpp"
#include "support/secret.hpp"

namespace warmcall::tests {

TEST_CASE("a header is found whatever its case, and the first of its name counts") {
    const HttpRequest request{"GET", "/a/b?c=d&e", {{"X-Hub", "1"}, {"x-hub", "2"}}, {}};
    CHECK(request.header("x-HUB") == "1");
    CHECK(request.header("X-Hu") == "");
    CHECK(request.path() == "/a/b");
    CHECK(request.query() == "c=d&e");
    CHECK(HttpRequest{"GET", "/a", {}, {}}.query() == "");
}

TEST_CASE("a form is read pair by pair, and what is not encoding stands for itself") {
    using Pairs = std::vector<Header>;
    CHECK(decode_form("") == Pairs{});
    CHECK(decode_form("a=1&b=%20x+y&c&=d&&e=f=g") ==
          Pairs{{"a", "1"}, {"b", " x y"}, {"c", ""}, {"", "d"}, {"e", "f=g"}});
    CHECK(decode_form("a=%zz&b=%4&c=%&%41=%e2%82%ac") ==
          Pairs{{"a", "%zz"}, {"b", "%4"}, {"c", "%"}, {"A", "€"}});
    CHECK(decode_form("a=%") == Pairs{{"a", "%"}});
}

TEST_CASE("a form that is written is read the same") {
    std::string all;
    for (int c = 0; c < 256; ++c)
        all += static_cast<char>(c);
    const std::vector<Header> pairs{{"a b", all}, {"&=", "+%"}, {"", ""}};
    CHECK(encode_form({{"a b", "c+d"}, {"e", "~"}}) == "a%20b=c%2Bd&e=~");
    CHECK(decode_form(encode_form(pairs)) == pairs);
    CHECK(percent_encode("/é") == "%2F%C3%A9");
}

TEST_CASE("a token goes to hex and back, and nothing else is one") {
    const Token token{0x00, 0x1f, 0xa0, 0xff, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 0x9c};
    CHECK(to_hex(token) == "001fa0ff0405060708090a0b0c0d0e9c");
    CHECK(token_from_hex(to_hex(token)) == token);
    for (const char* wrong :
         {"", "001fa0ff0405060708090a0b0c0d0e9", "001fa0ff0405060708090a0b0c0d0e9c0",
          "001FA0FF0405060708090A0B0C0D0E9C", "001fa0ff0405060708090a0b0c0d0e9g"})
        CHECK_FALSE(token_from_hex(wrong));
}

TEST_CASE("digests are those of FIPS 180-4 and RFC 4231") {
    CHECK(sha256_hex("abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    CHECK(hmac_sha256_hex(Secret{"Jefe"}, "what do ya want for nothing?") ==
          "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
    CHECK(hmac_sha256_hex(Secret{std::string(131, '\xaa')},
                          "Test Using Larger Than Block-Size Key - Hash Key First") ==
          "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
    CHECK(hmac_sha256_hex(Secret{}, "").size() == 64);
    CHECK(equal_constant_time("abc", "abc"));
    CHECK_FALSE(equal_constant_time("abc", "abd"));
    CHECK_FALSE(equal_constant_time("abc", "abcd"));
    CHECK(equal_constant_time("", ""));
}

TEST_CASE("base64url is that of RFC 4648, without padding") {
    CHECK(base64url("") == "");
    CHECK(base64url("f") == "Zg");
    CHECK(base64url("fo") == "Zm8");
    CHECK(base64url("foo") == "Zm9v");
    CHECK(base64url("foobar") == "Zm9vYmFy");
    CHECK(base64url("\xfb\xff\xfe") == "-__-");
    CHECK(random_token().size() == 22);
    CHECK(random_token(32) != random_token(32));
}

TEST_CASE("chance within a bound reaches both ends and favours none") {
    struct Counting : Rng {
        std::uint64_t value = 0;
        std::uint64_t next() override { return value++ * 0x9e3779b97f4a7c15ULL; }
    } rng;
    std::map<std::int64_t, int> seen;
    for (int i = 0; i < 4000; ++i)
        ++seen[rng.up_to(core::Duration{3}).count()];
    REQUIRE(seen.size() == 4);
    for (const auto& [value, times] : seen)
        CHECK(times == Approx(1000).margin(100));
    CHECK(rng.up_to(core::Duration{0}) == core::Duration{0});
    CHECK(rng.up_to(core::Duration{-5}) == core::Duration{0});
    CHECK(rng.up_to(core::Duration::max()) >= core::Duration{0});
    CHECK(SystemRng{}.token() != SystemRng{}.token());
}

TEST_CASE("of an address only its ends are shown, and of a short one nothing") {
    CHECK(masked("+919876501234") == "+91•••••1234");
    CHECK(masked("123456789") == "•••••");
    CHECK(masked("") == "•••••");
    CHECK_FALSE(start_log("loud"));
}

TEST_CASE("an origin is the same however it is written") {
    for (const char* text : {"https://Graph.Facebook.com", "https://graph.facebook.com:443",
                             "https://graph.facebook.com/v21.0?a"}) {
        const auto origin = net::origin_of(text);
        REQUIRE(origin);
        CHECK(origin->text == "https://graph.facebook.com");
        CHECK(origin->authority == "graph.facebook.com");
        CHECK(origin->port == 443);
        CHECK(origin->tls);
    }
    const auto six = net::origin_of("http://[::1]:8080");
    REQUIRE(six);
    CHECK(six->host == "::1");
    CHECK(six->authority == "[::1]:8080");
}

TEST_CASE("a target is what follows the origin, and lies on it") {
    const auto origin = net::origin_of("https://a.example");
    REQUIRE(origin);
    CHECK(*net::target_on(*origin, "https://a.example/b?c#d") == "/b?c");
    CHECK(*net::target_on(*origin, "https://a.example:443?c") == "/?c");
    CHECK(*net::target_on(*origin, "/b") == "/b");
    CHECK_FALSE(net::target_on(*origin, "http://a.example/b"));
    CHECK_FALSE(net::target_on(*origin, "https://a.example.evil/b"));
    CHECK_FALSE(net::target_on(*origin, "https://a.example@evil/b"));
    CHECK_FALSE(net::target_on(*origin, "/b\r\nX: y"));
}

TEST_CASE("dates are those of RFC 9110") {
    CHECK(net::http_date(784111777) == "Sun, 06 Nov 1994 08:49:37 GMT");
    CHECK(net::http_date(2147483648) == "Tue, 19 Jan 2038 03:14:08 GMT");
}

TEST_CASE("a head is found at the same place however it is cut") {
    const std::string head = "GET / HTTP/1.1\r\nHost: h\r\nX: y\r\n\r\n";
    for (std::size_t first = 0; first <= head.size(); ++first)
        for (std::size_t second = first; second <= head.size(); ++second) {
            net::HeadScan scan;
            const bool early = scan.look(head.substr(0, first)) == net::HeadScan::State::whole ||
                               scan.look(head.substr(0, second)) == net::HeadScan::State::whole;
            CHECK(early == (second == head.size()));
            if (!early)
                CHECK(scan.look(head + "rest") == net::HeadScan::State::whole);
            CHECK(scan.size() == head.size());
        }
}

}  // namespace warmcall::tests
