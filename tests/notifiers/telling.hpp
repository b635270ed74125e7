#pragma once
// One prompt about Amara, to be told to Maya in whatever way.

#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "notifiers/registry.hpp"

namespace warmcall::tests {

using nlohmann::json;
using namespace std::chrono_literals;

struct CountingRng : Rng {
    std::uint64_t n = 1;
    std::uint64_t next() override { return n++ * 0x9E3779B97F4A7C15ULL; }
};

struct Story {
    core::Plan plan;
    core::Rep rep{.id = {"maya"}, .name = "Maya Rao", .zone = "Asia/Kolkata"};
    Device device;
    Alert alert{
        .id = 7, .rep = {"maya"}, .contact = core::ContactId{3}, .prompt = core::PromptId{5}};
    std::vector<core::Case> subjects{1};
    std::vector<Tap> taps;
    core::Timestamp now = core::from_unix_ms(1'793'593'800'000);
    CountingRng rng;
    Means means;

    explicit Story(std::string way) {
        means.rng = &rng;
        device = {.id = "maya." + way, .rep = rep.id, .way = std::move(way)};
        subjects[0].contact.id = core::ContactId{3};
        subjects[0].contact.name = "Amara Okafor";
        subjects[0].contact.addresses = {{core::AddressKind::phone, "+919876500001"}};
        subjects[0].prompt = core::Prompt{.id = core::PromptId{5}, .contact = core::ContactId{3}};
        subjects[0].prompt->kind = core::PromptKind::replied;
        subjects[0].prompt->words = "Fine, the kids have exams";
    }

    const Notifier& notifier() const { return *find_notifier(device.way); }
    Telling telling() const {
        return {.plan = plan,
                .rep = rep,
                .device = device,
                .alert = alert,
                .subjects = subjects,
                .link = "https://calls.test/p/5.maya.mac",
                .taps = taps,
                .now = now};
    }
    Result<HttpRequest> composed() const { return notifier().compose(telling(), means); }
    HttpRequest request() const { return *composed(); }
    json body() const { return json::parse(request().body); }
    Told told(int status, std::string text = {}, std::vector<Header> headers = {}) const {
        return notifier().read(device, means, {status, std::move(headers), std::move(text)});
    }
};

}  // namespace warmcall::tests
