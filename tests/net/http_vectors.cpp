// Sends every line of http_vectors.txt to a server over a raw socket.

#include <algorithm>
#include <fstream>
#include <sstream>

#include "net/raw.hpp"
#include "support/catch.hpp"

namespace warmcall::tests {

namespace {

struct Vector {
    std::string line;
    std::vector<std::vector<int>> statuses;  // alternatives, for each answer
    bool keep = false;
    std::string bytes;
};

std::string unescaped(std::string_view text) {
    std::string bytes;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] != '\\') {
            bytes += text[i];
            continue;
        }
        switch (text[++i]) {
            case 'r':
                bytes += '\r';
                break;
            case 'n':
                bytes += '\n';
                break;
            case 't':
                bytes += '\t';
                break;
            case 'x':
                bytes +=
                    static_cast<char>(std::stoi(std::string{text.substr(i + 1, 2)}, nullptr, 16));
                i += 2;
                break;
            default:
                bytes += text[i];
        }
    }
    return bytes;
}

// {what*times}; other braces are themselves.
std::string expanded(std::string_view text) {
    std::string whole;
    while (!text.empty()) {
        const std::size_t open = text.find('{');
        const std::size_t close = open == std::string_view::npos ? open : text.find('}', open);
        const std::size_t star = close == std::string_view::npos ? close : text.rfind('*', close);
        if (star == std::string_view::npos || star < open) {
            whole += unescaped(text.substr(0, close == std::string_view::npos ? close : close + 1));
            text.remove_prefix(close == std::string_view::npos ? text.size() : close + 1);
            continue;
        }
        whole += unescaped(text.substr(0, open));
        const std::string what = unescaped(text.substr(open + 1, star - open - 1));
        for (int times = std::stoi(std::string{text.substr(star + 1)}); times > 0; --times)
            whole += what;
        text.remove_prefix(close + 1);
    }
    return whole;
}

Vector read_vector(const std::string& line) {
    const std::size_t first = line.find(" | ");
    const std::size_t second = line.find(" | ", first + 3);
    REQUIRE(second != std::string::npos);
    Vector vector{line, {}, false, expanded(std::string_view{line}.substr(second + 3))};
    std::istringstream words{line.substr(0, first)};
    for (std::string word; words >> word;) {
        if (word == "keep" || word == "close") {
            vector.keep = word == "keep";
            continue;
        }
        auto& alternatives = vector.statuses.emplace_back();
        std::istringstream numbers{word};
        for (std::string number; std::getline(numbers, number, '/');)
            alternatives.push_back(std::stoi(number));
    }
    return vector;
}

std::vector<Vector> all_vectors() {
    std::ifstream file{WARMCALL_SOURCE_DIR "/tests/net/http_vectors.txt"};
    std::vector<Vector> vectors;
    for (std::string line; std::getline(file, line);)
        if (!line.empty() && line.front() != '#')
            vectors.push_back(read_vector(line));
    return vectors;
}

void check(Serving& serving, const Vector& vector) {
    INFO(vector.line);
    const auto requests_before = serving.counts().requests;
    RawClient client = serving.client();
    client.send(vector.bytes);
    std::uint64_t good = 0;
    for (const auto& alternatives : vector.statuses) {
        const auto answer = client.read_answer();
        REQUIRE(answer);
        INFO(answer->head << answer->body);
        CHECK(std::count(alternatives.begin(), alternatives.end(), answer->status) == 1);
        CHECK(answer->head.find("\r\nDate: ") != std::string::npos);
        CHECK((answer->status != 405 || answer->head.find("\r\nAllow: GET") != std::string::npos));
        good += answer->status == 200 ? 1 : 0;
    }
    CHECK(serving.counts().requests - requests_before == good);
    if (!vector.keep) {
        CHECK(client.closed());
        return;
    }
    client.send("GET /next HTTP/1.1\r\nHost: example.org\r\n\r\n");
    const auto next = client.read_answer();
    REQUIRE(next);
    CHECK(next->body == "GET /next 0");
}

}  // namespace

TEST_CASE("what RFC 9110 and 9112 say of requests holds on the wire") {
    net::ServerLimits limits;
    limits.hosts = {"example.org", "[::1]"};
    limits.body_bytes_max = 1000;
    limits.connections_per_address_max = 0;
    Serving serving{limits};
    const auto vectors = all_vectors();
    REQUIRE(vectors.size() >= 150);
    for (const Vector& vector : vectors)
        check(serving, vector);
}

TEST_CASE("the same holds when every byte comes alone") {
    net::ServerLimits limits;
    limits.hosts = {"example.org", "[::1]"};
    limits.body_bytes_max = 1000;
    Serving serving{limits};
    for (const Vector& vector : all_vectors()) {
        if (vector.bytes.size() > 400)
            continue;
        INFO(vector.line);
        RawClient client = serving.client();
        for (const char byte : vector.bytes)
            client.send({&byte, 1});
        const auto answer = client.read_answer();
        REQUIRE(answer);
        CHECK(std::count(vector.statuses[0].begin(), vector.statuses[0].end(), answer->status) ==
              1);
    }
}

}  // namespace warmcall::tests
