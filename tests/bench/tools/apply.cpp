// The door without network and threads, for a profiler: reads the ingest benchmark's webhooks,
// applies them in batches as group commit would, and prints what one update costs.
//   apply CONFIG FILE UPDATES BATCH
//   apply CONFIG wake OUTREACHES BATCH
// wakes those that are due instead; nobody counts who may send at once.

#include "engine/apply.hpp"

#include <cstdlib>
#include <ctime>
#include <fstream>
#include <iostream>
#include <string>
#include <string_view>
#include <vector>

#include "ports/system.hpp"
#include "settings/settings.hpp"
#include "store/registry.hpp"

using namespace warmcall;

namespace {

double cpu_us() {
    timespec t{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return static_cast<double>(t.tv_sec) * 1e6 + static_cast<double>(t.tv_nsec) / 1e3;
}

int wake(Applier& applier, std::size_t outreaches, std::size_t batch) {
    std::size_t done = 0;
    const double from = cpu_us();
    while (done < outreaches) {
        const std::size_t n = applier.wake(batch);
        if (n == 0) {
            break;
        }
        done += n;
    }
    std::cout << done << " wake-ups in batches of " << batch << ": "
              << (cpu_us() - from) / static_cast<double>(done) << " us of CPU each\n";
    return 0;
}

}  // namespace

int main(int argc, char** argv) {
    if (argc != 5) {
        std::cerr << "apply CONFIG FILE|wake N BATCH\n";
        return 2;
    }
    const auto settings = load_settings(argv[1]);
    if (!settings) {
        std::cerr << settings.error().message << '\n';
        return 1;
    }
    const std::size_t updates = std::strtoull(argv[3], nullptr, 10),
                      batch = std::strtoull(argv[4], nullptr, 10);
    const std::unique_ptr<Store> store = make_store(settings->store_url);
    SystemClock clock;
    Applier applier{*store, settings->plan, clock};
    if (std::string_view{argv[2]} == "wake") {
        return wake(applier, updates, batch);
    }
    const Account& account = settings->channels.front().account;
    const Provider& provider = *find_provider(account.provider);
    std::ifstream in{argv[2]};
    std::string line;
    double parsing = 0, applying = 0;
    std::size_t done = 0;
    while (done < updates) {
        std::vector<Work> works;
        while (works.size() < batch && std::getline(in, line)) {
            HttpRequest request{.method = "POST", .body = line.substr(line.find('\t') + 1)};
            const double from = cpu_us();
            Delivered d{.channel = account.id, .events = *provider.parse(account, request)};
            read_replies(settings->plan.replies, d.events, clock.now());
            parsing += cpu_us() - from;
            d.body = std::move(request.body);
            works.emplace_back(std::move(d));
        }
        if (works.empty()) {
            break;
        }
        done += works.size();
        const double from = cpu_us();
        applier.apply(std::move(works));
        applying += cpu_us() - from;
    }
    const auto n = static_cast<double>(done);
    std::cout << done << " POSTs in batches of " << batch << ": parse " << parsing / n
              << " us, apply " << applying / n << " us of CPU each\n";
    return 0;
}
