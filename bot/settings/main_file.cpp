#include "settings/main_file.hpp"

#include <algorithm>
#include <array>
#include <functional>
#include <set>
#include <span>

#include "core/phone.hpp"
#include "core/week_hours.hpp"
#include "notifiers/web_push.hpp"
#include "support/read_file.hpp"

namespace warmcall {
namespace {

namespace fs = std::filesystem;
using core::TomlFault;
using core::TomlFile;

constexpr std::uintmax_t secret_bytes_max = 64 * 1024;

std::size_t distance(std::string_view a, std::string_view b) {  // Levenshtein
    std::vector<std::size_t> row(b.size() + 1);
    for (std::size_t j = 0; j <= b.size(); ++j)
        row[j] = j;
    for (std::size_t i = 1; i <= a.size(); ++i) {
        std::size_t diagonal = row[0];
        row[0] = i;
        for (std::size_t j = 1; j <= b.size(); ++j) {
            const std::size_t above = row[j];
            row[j] =
                std::min({above + 1, row[j - 1] + 1, diagonal + (a[i - 1] == b[j - 1] ? 0 : 1)});
            diagonal = above;
        }
    }
    return row[b.size()];
}

using Keys = std::span<const std::string_view>;

std::string listed(Keys keys) {
    std::string out;
    for (const auto key : keys)
        out += (out.empty() ? "" : ", ") + std::string{key};
    return out;
}

// "did you mean public_url?" where one is near, else the whole list.
std::string instead_of(std::string_view wrong, Keys keys) {
    const auto nearest = std::min_element(keys.begin(), keys.end(), [&](auto a, auto b) {
        return distance(wrong, a) < distance(wrong, b);
    });
    if (nearest != keys.end() && distance(wrong, *nearest) <= 2)
        return "did you mean \"" + std::string{*nearest} + "\"?";
    return "expected one of " + listed(keys);
}

bool ends_with_any(std::string_view key, std::initializer_list<std::string_view> endings) {
    return std::any_of(endings.begin(), endings.end(), [&](auto e) { return key.ends_with(e); });
}

bool names_a_secret(std::string_view key) {
    return ends_with_any(key, {"secret", "token", "password", "api_key", "private_key"});
}

// "https://host:8443/x" → "host"; "" when it is no http address.
std::string host_of(std::string_view url) {
    const auto scheme = url.find("://");
    if (scheme == std::string_view::npos ||
        (url.substr(0, scheme) != "https" && url.substr(0, scheme) != "http"))
        return {};
    url.remove_prefix(scheme + 3);
    const std::string_view authority = url.substr(0, url.find_first_of("/?#"));
    const auto colon =
        authority.starts_with('[') ? authority.find(':', authority.find(']')) : authority.find(':');
    std::string host{authority.substr(0, colon)};
    std::transform(host.begin(), host.end(), host.begin(),
                   [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
    return host;
}

std::string without_slash(std::string url) {
    while (url.ends_with('/'))
        url.pop_back();
    return url;
}

// One warmcall.toml being read. Each `part` that fails leaves a problem behind, and reading goes
// on.
class Reader {
 public:
    Reader(const TomlFile& file, const fs::path& folder, const Environment& environment,
           Secrets secrets, ReadSettings& into)
        : file_{file},
          folder_{folder},
          environment_{environment},
          secrets_{secrets},
          out_{into.settings},
          problems_{into.problems} {}

    void read();

    Folders folders;

 private:
    template <class F>
    void part(F&& f) {
        try {
            f();
        } catch (const TomlFault& fault) {
            problems_.push_back({Problem::Part::config, fault.error.message});
        }
    }
    template <class F>
    void value(const toml::table& table, std::string_view key, F&& take) {
        if (const auto* node = table.get(key))
            part([&] { take(*node); });
    }
    void wrong(const toml::node& at, std::string_view sentence) {
        part([&] { file_.wrong(at, sentence); });
    }
    void keys(const toml::table& table, Keys known);
    void section(std::string_view key, Keys known,
                 const std::function<void(const toml::table&)>& take);
    void each(std::string_view key, const std::function<void(const toml::table&)>& take);

    std::string text(const toml::node& node);
    void text_into(const toml::table& table, std::string_view key, std::string& to);
    void duration_into(const toml::table& table, std::string_view key, core::Duration& to);
    void count_into(const toml::table& table, std::string_view key, std::size_t& to);
    fs::path path(const toml::node& node) { return folder_ / text(node); }
    void path_into(const toml::table& table, std::string_view key, fs::path& to);
    std::string identifier(const toml::table& table, std::set<std::string>& taken,
                           std::string_view what);

    std::optional<Secret> secret(const toml::node& node);
    std::optional<Secret> secret_of(std::string_view reference, const toml::node& at);
    std::vector<Secret> secrets(const toml::node& node);

    void server(const toml::table& table);
    void hosts();
    void store(const toml::table& table);
    void policy(const toml::table& table);
    void channel(const toml::table& table);
    void rates(const toml::table& table, ChannelSettings& channel, const Provider& provider);
    void channel_value(Account& account, std::string_view key, const toml::node& node);
    void check_account(const toml::table& table, const Account& account, const Provider& provider);
    void rep(const toml::table& table);
    void check_reps();
    void device(const toml::table& table, core::Rep& rep);
    void push(const toml::table& table);
    void voice(const toml::table& table);

    const TomlFile& file_;
    const fs::path& folder_;
    const Environment& environment_;
    Secrets secrets_;
    Settings& out_;
    std::vector<Problem>& problems_;
    std::set<std::string> channel_ids_, rep_ids_;
    std::map<core::RepId, const toml::table*> rep_tables_;
};

void Reader::keys(const toml::table& table, Keys known) {
    for (const auto& [key, node] : table)
        if (std::find(known.begin(), known.end(), key.str()) == known.end())
            wrong(node, "unknown key \"" + std::string{key.str()} + "\"; " +
                            instead_of(key.str(), known));
}

void Reader::section(std::string_view key, Keys known,
                     const std::function<void(const toml::table&)>& take) {
    value(file_.root(), key, [&](const toml::node& node) {
        const toml::table& table = file_.table(node);
        keys(table, known);
        take(table);
    });
}

void Reader::each(std::string_view key, const std::function<void(const toml::table&)>& take) {
    value(file_.root(), key, [&](const toml::node& node) {
        if (!node.is_array_of_tables())
            file_.wrong(
                node, "expected [[" + std::string{key} + "]] with double brackets, once for each");
        for (const toml::node& item : file_.array(node))
            part([&] { take(file_.table(item)); });
    });
}

std::string Reader::text(const toml::node& node) {
    std::string written = file_.text(node);
    if (!written.starts_with("env:"))
        return written;
    const std::string name = written.substr(4);
    const auto found = environment_(name);
    if (!found || found->empty())
        file_.wrong(node, "the environment variable " + name + " is not set");
    return *found;
}

void Reader::text_into(const toml::table& table, std::string_view key, std::string& to) {
    value(table, key, [&](const toml::node& node) { to = text(node); });
}

void Reader::duration_into(const toml::table& table, std::string_view key, core::Duration& to) {
    value(table, key, [&](const toml::node& node) { to = file_.duration(node); });
}

void Reader::count_into(const toml::table& table, std::string_view key, std::size_t& to) {
    value(table, key, [&](const toml::node& node) {
        const auto number = node.value_exact<std::int64_t>();
        if (!number || *number < 0 || *number > 1'000'000)
            file_.wrong(node, "expected a whole number from 0 to 1000000");
        to = static_cast<std::size_t>(*number);
    });
}

void Reader::path_into(const toml::table& table, std::string_view key, fs::path& to) {
    value(table, key, [&](const toml::node& node) { to = path(node); });
}

// Ids stand in URLs and rows: small letters, digits, "-" and "_".
std::string Reader::identifier(const toml::table& table, std::set<std::string>& taken,
                               std::string_view what) {
    const toml::node& node =
        file_.need(table, "id", "a short name of your own, such as \"" + std::string{what} + "\"");
    const std::string id = text(node);
    const bool plain =
        id.size() <= 40 && std::all_of(id.begin(), id.end(), [](char c) {
            return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
        });
    if (!plain)
        file_.wrong(node, "expected at most 40 small letters, digits, \"-\" and \"_\", found \"" +
                              id + "\"");
    if (!taken.insert(id).second)
        file_.wrong(node, "the id \"" + id + "\" is taken by an earlier one");
    return id;
}

// The message never repeats what was written: it may be the secret itself.
std::optional<Secret> Reader::secret(const toml::node& node) {
    const auto* written = node.as_string();
    const std::string_view reference =
        written == nullptr ? std::string_view{} : std::string_view{written->get()};
    if (!(reference.starts_with("env:") || reference.starts_with("file:")) ||
        reference.ends_with(':'))
        file_.wrong(node,
                    "a secret must not stand in this file: expected \"env:NAME\" (an environment "
                    "variable) or \"file:PATH\"");
    if (secrets_ == Secrets::unasked)
        return std::nullopt;
    return secret_of(reference, node);
}

std::optional<Secret> Reader::secret_of(std::string_view reference, const toml::node& at) {
    if (reference.starts_with("env:")) {
        const std::string name{reference.substr(4)};
        auto found = environment_(name);
        if (!found || found->empty())
            file_.wrong(at, "the environment variable " + name + " is not set");
        return Secret{std::move(*found)};
    }
    auto found = read_file(folder_ / reference.substr(5), secret_bytes_max);
    if (!found)
        file_.wrong(at, found.error().message);
    while (found->ends_with('\n') || found->ends_with('\r'))
        found->pop_back();
    if (found->empty())
        file_.wrong(at, (folder_ / reference.substr(5)).string() +
                            ": the file is empty, expected a secret");
    return Secret{std::move(*found)};
}

std::vector<Secret> Reader::secrets(const toml::node& node) {
    std::vector<Secret> found;
    const auto take = [&](const toml::node& one) {
        if (auto read = secret(one))
            found.push_back(std::move(*read));
    };
    if (!node.is_array()) {
        take(node);
        return found;
    }
    const toml::array& both = file_.array(node);
    if (both.empty() || both.size() > 2)
        file_.wrong(node, "expected one reference, or two while the secret is being rotated");
    for (const toml::node& one : both)
        take(one);
    return found;
}

void Reader::server(const toml::table& table) {
    text_into(table, "listen", out_.server.listen);
    text_into(table, "public_url", out_.server.public_url);
    count_into(table, "connections_max", out_.server.connections_max);
    count_into(table, "connections_per_address_max", out_.server.connections_per_address_max);
    duration_into(table, "send_timeout", out_.server.send_timeout);
    value(table, "send_timeout", [&](const toml::node& node) {
        constexpr core::Duration most = std::chrono::seconds{40};  // a lease covers it twice
        if (out_.server.send_timeout < std::chrono::seconds{1} || out_.server.send_timeout > most)
            file_.wrong(node, "expected a length of time from \"1s\" to \"40s\"");
    });
    value(table, "hosts", [&](const toml::node& node) { out_.server.hosts = file_.texts(node); });
    if (out_.server.connections_max == 0)
        value(table, "connections_max",
              [&](const toml::node& node) { file_.wrong(node, "expected at least 1 connection"); });
    value(table, "listen", [&](const toml::node& node) {
        const std::string& address = out_.server.listen;
        const auto colon = address.rfind(':');
        if (colon == std::string::npos || colon + 1 == address.size() ||
            address.find_first_not_of("0123456789", colon + 1) != std::string::npos)
            file_.wrong(node, "expected \"ADDRESS:PORT\" such as \"127.0.0.1:8080\"");
    });
    out_.server.public_url = without_slash(out_.server.public_url);
    value(table, "public_url", [&](const toml::node& node) {
        if (host_of(out_.server.public_url).empty())
            file_.wrong(node,
                        "expected the address people and providers use, such as "
                        "\"https://warmcall.example.com\"");
    });
}

// Without a public_url we are called where we listen. Loopback names are always answered to.
void Reader::hosts() {
    std::string& url = out_.server.public_url;
    if (url.empty()) {
        const std::string& listen = out_.server.listen;
        url =
            "http://" + (listen.starts_with("0.0.0.0:") ? "127.0.0.1" + listen.substr(7) : listen);
    }
    std::vector<std::string>& names = out_.server.hosts;
    const auto add = [&](std::string name) {
        if (!name.empty() && std::find(names.begin(), names.end(), name) == names.end())
            names.push_back(std::move(name));
    };
    for (const std::string_view name : {"localhost", "127.0.0.1", "[::1]"})
        add(std::string{name});
    add(host_of(out_.server.public_url));
}

bool is_postgres(std::string_view url) {
    return url.starts_with("postgresql://") || url.starts_with("postgres://");
}

void Reader::store(const toml::table& table) {
    value(table, "url", [&](const toml::node& node) {
        out_.store_url = text(node);
        if (is_postgres(out_.store_url))
            return;
        if (!out_.store_url.starts_with("sqlite:") || out_.store_url.size() == 7)
            file_.wrong(
                node,
                "expected \"sqlite:PATH\" such as \"sqlite:/var/lib/warmcall/warmcall.db\", or "
                "\"postgresql://…\"");
    });
}

void Reader::policy(const toml::table& table) {
    core::Policy& policy = out_.plan.policy;
    duration_into(table, "debounce", policy.debounce);
    duration_into(table, "call_length_max", policy.call_length_max);
    duration_into(table, "prompt_lease", policy.prompt_lease);
    duration_into(table, "ladder_gap", policy.ladder_gap);
    duration_into(table, "window_margin", policy.window_margin);
    duration_into(table, "wellbeing_gap", policy.wellbeing_gap);
    duration_into(table, "call_me_back_gap", policy.call_me_back_gap);
    duration_into(table, "wrap_up_reminder", policy.wrap_up_reminder);
}

// How fast it may send. People are counted for all WhatsApp channels together, unless they say that
// they belong to different businesses.
void Reader::rates(const toml::table& table, ChannelSettings& channel, const Provider& provider) {
    Rates& rates = channel.rates;
    rates = provider.rates;
    const auto rate_into = [&](std::string_view key, double& to) {
        value(table, key, [&](const toml::node& node) {
            const auto rate = node.value<double>();
            if (node.is_string() || !rate || !(*rate >= 0.01 && *rate <= 10'000))
                file_.wrong(node, "expected how many messages a second, from 0.01 to 10000");
            to = *rate;
        });
    };
    rate_into("per_second", rates.per_second);
    rate_into("account_per_second", rates.account_per_second);
    duration_into(table, "pair_gap", rates.pair_gap);
    text_into(table, "portfolio", channel.portfolio);
    value(table, "people_per_day", [&](const toml::node& node) {
        const auto people = node.value_exact<std::int64_t>();
        if (channel.medium != core::Medium::whatsapp)
            file_.wrong(node, "only WhatsApp counts people; leave it out here");
        if (!people || *people < 0 || *people > 1'000'000)
            file_.wrong(node,
                        "expected how many people in 24 hours WhatsApp allows you to write to "
                        "first: 250, 2000, 10000 or 100000; 0 where there is no limit");
        rates.people_per_day = static_cast<std::size_t>(*people);
    });
}

void Reader::channel(const toml::table& table) {
    ChannelSettings channel;
    Account& account = channel.account;
    account.id.value = identifier(table, channel_ids_, "main");
    const toml::node& name =
        file_.need(table, "provider", "who carries the messages, such as \"whatsapp_cloud\"");
    account.provider = text(name);
    const Provider* provider = find_provider(account.provider);
    if (provider == nullptr) {
        const auto known = provider_names();
        file_.wrong(name, "unknown provider \"" + account.provider + "\"; " +
                              instead_of(account.provider, known));
    }
    channel.medium = provider->medium;
    account.base_url = provider->default_base_url;
    account.public_url = out_.server.public_url;
    int cost = 1;
    rates(table, channel, *provider);
    value(table, "cost", [&](const toml::node& node) {
        const auto number = node.value_exact<std::int64_t>();
        if (!number || *number < 0 || *number > 9)
            file_.wrong(node, "expected a class from 0 (free) to 9 (dear)");
        cost = static_cast<int>(*number);
    });
    value(table, "base_url", [&](const toml::node& node) {
        account.base_url = without_slash(text(node));
        if (host_of(account.base_url).empty())
            file_.wrong(node, "expected an address such as \"https://graph.facebook.com\"");
    });
    const std::size_t before = problems_.size();
    for (const auto& [key, node] : table)
        if (constexpr std::array<std::string_view, 9> ours{
                "id", "provider", "base_url", "per_second", "account_per_second", "pair_gap",
                "people_per_day", "portfolio", "cost"};
            std::find(ours.begin(), ours.end(), key.str()) == ours.end())
            part([&, &k = key, &n = node] { channel_value(account, k.str(), n); });
    if (problems_.size() == before && secrets_ == Secrets::needed)
        check_account(table, account, *provider);
    out_.plan.channels.push_back(
        {.id = account.id, .provider = account.provider, .medium = channel.medium, .cost = cost});
    out_.channels.push_back(std::move(channel));
}

void Reader::channel_value(Account& account, std::string_view key, const toml::node& node) {
    const std::string name{key};
    if (names_a_secret(key))
        account.secrets[name] = secrets(node);
    else if (const auto* number = node.as_integer())  // ids at providers are long numbers; quotes
                                                      // are easily forgotten
        account.settings[name] = std::to_string(number->get());
    else if (const auto* yes = node.as_boolean())
        account.settings[name] = yes->get() ? "true" : "false";
    else
        account.settings[name] = text(node);
}

// The provider knows its own keys; its sentences begin with them, which gives the line.
void Reader::check_account(const toml::table& table, const Account& account,
                           const Provider& provider) {
    if (provider.check == nullptr)
        return;
    for (const std::string& sentence : provider.check(account)) {
        const toml::node* at = &table;
        for (const auto& [key, node] : table)
            if (sentence.starts_with(std::string{key.str()} + " "))
                at = &node;
        wrong(*at, "channel \"" + account.id.value + "\": " + sentence);
    }
}

constexpr std::array<std::string_view, 11> rep_keys{"id",      "name",        "zone",  "language",
                                                    "hours",   "stand_in",    "lead",  "phone",
                                                    "channel", "lock_screen", "device"};

core::Rep::LockScreen lock_screen_from(const TomlFile& file, const toml::node& node,
                                       std::string_view word) {
    using enum core::Rep::LockScreen;
    if (word == "first_name")
        return first_name;
    if (word == "no_names")
        return no_names;
    if (word != "quote")
        file.wrong(node, "expected \"first_name\", \"no_names\" or \"quote\"");
    return quote;
}

// One [[rep.device]]: its own keys are the way's, and checked by it.
void Reader::device(const toml::table& table, core::Rep& rep) {
    Device device{.rep = rep.id};
    const toml::node& way = file_.need(table, "way", "how this phone is told, such as \"ntfy\"");
    device.way = text(way);
    const Notifier* notifier = find_notifier(device.way);
    if (notifier == nullptr)
        file_.wrong(
            way, "unknown way \"" + device.way + "\"; " + instead_of(device.way, notifier_names()));
    text_into(table, "name", device.name);
    if (device.name.empty())
        device.name = device.way;
    duration_into(table, "after", device.after);
    for (const auto& [key, node] : table) {
        const std::string name{key.str()};
        if (name == "way" || name == "name" || name == "after")
            continue;
        part([&, &n = node] {
            if (!names_a_secret(name))
                device.settings[name] = name == "url" ? without_slash(text(n)) : text(n);
            else if (auto read = secret(n))
                device.secrets[name] = std::move(*read);
        });
    }
    if (device.way == "message" && !device.settings.contains("channel") && rep.channel)
        device.settings["channel"] = rep.channel.value;
    std::vector<Device>& own = out_.devices[rep.id];
    device.id = rep.id.value + "." + device.way + (own.empty() ? "" : std::to_string(own.size()));
    if (secrets_ == Secrets::needed)
        for (const std::string& sentence : notifier->check(device))
            wrong(table, "rep \"" + rep.id.value + "\", way \"" + device.way + "\": " + sentence);
    own.push_back(std::move(device));
}

void Reader::push(const toml::table& table) {
    value(table, "subject", [&](const toml::node& node) {
        out_.push.subject = text(node);
        if (!notifiers::is_push_subject(out_.push.subject))
            file_.wrong(node,
                        "expected whom a push service may write to, such as "
                        "\"mailto:you@example.com\"; Apple refuses localhost");
    });
    value(table, "services",
          [&](const toml::node& node) { out_.push.services = file_.texts(node); });
    for (std::string& service : out_.push.services) {
        service = without_slash(service);
        if (host_of(service).empty())
            value(table, "services", [&](const toml::node& node) {
                file_.wrong(node, "expected addresses such as \"https://push.example.com\"");
            });
    }
}

void Reader::voice(const toml::table& table) {
    VoiceSettings& voice = out_.voice;
    text_into(table, "bridge", voice.bridge.value);
    duration_into(table, "ring_for", voice.ring_for);
    value(table, "bridge", [&](const toml::node& node) {
        const auto channel = std::ranges::find(
            out_.channels, voice.bridge, [](const ChannelSettings& c) { return c.account.id; });
        if (channel == out_.channels.end())
            file_.wrong(node, "there is no channel with the id \"" + voice.bridge.value + "\"");
        if (find_provider(channel->account.provider)->build_bridge == nullptr)
            file_.wrong(node, "this channel's provider carries no calls; Twilio does");
        const auto from = channel->account.settings.find("from");
        if (from == channel->account.settings.end() || !from->second.starts_with('+'))
            file_.wrong(node,
                        "calls need a number: give the channel a \"from\" such as "
                        "\"+12025550101\"");
    });
    value(table, "ring_for", [&](const toml::node& node) {
        if (voice.ring_for < std::chrono::seconds{5} || voice.ring_for > std::chrono::minutes{1})
            file_.wrong(node, "expected a length of time from \"5s\" to \"1m\"");
    });
    value(table, "answer", [&](const toml::node& node) {
        using How = CallAnswer::How;
        const std::string word = text(node);
        if (word != "say" && word != "forward" && word != "decline")
            file_.wrong(node, "expected \"say\", \"forward\" or \"decline\"");
        voice.answer = word == "say" ? How::say : word == "forward" ? How::forward : How::decline;
    });
}

core::WeekHours office_hours() {
    core::WeekHours week;
    for (int day = 0; day < 5; ++day)
        week.days[day] = {{{9 * 60}, {18 * 60}}};
    return week;
}

void Reader::rep(const toml::table& table) {
    keys(table, rep_keys);
    core::Rep rep;
    rep.id.value = identifier(table, rep_ids_, "joel");
    rep_tables_[rep.id] = &table;
    rep.hours = office_hours();
    part([&] {
        rep.name = text(file_.need(table, "name", "the name customers know, such as \"Joel\""));
    });
    part([&] {
        const toml::node& zone = file_.need(table, "zone", "a time zone such as \"Asia/Kolkata\"");
        rep.zone = text(zone);
        if (!core::known_zone(rep.zone))
            file_.wrong(zone, "unknown time zone \"" + rep.zone +
                                  "\"; expected one such as \"Asia/Kolkata\"");
    });
    text_into(table, "language", rep.language);
    value(table, "hours",
          [&](const toml::node& node) { rep.hours = core::week_hours(file_, node); });
    text_into(table, "stand_in", rep.stand_in.value);
    text_into(table, "lead", rep.lead.value);
    text_into(table, "channel", rep.channel.value);
    value(table, "lock_screen", [&](const toml::node& node) {
        rep.lock_screen = lock_screen_from(file_, node, text(node));
    });
    value(table, "device", [&](const toml::node& node) {
        for (const toml::node& one : file_.array(node))
            part([&] { device(file_.table(one), rep); });
    });
    value(table, "phone", [&](const toml::node& node) {
        const auto phone = core::read_phone(text(node), out_.default_region);
        if (!phone)
            file_.wrong(node, "this is not a phone number: " + phone.error().message);
        rep.phone = phone->e164;
    });
    out_.plan.reps[rep.id] = std::move(rep);
}

// What reps say of each other and of channels, once all are known.
void Reader::check_reps() {
    for (const auto& [id, rep] : out_.plan.reps) {
        const toml::table& table = *rep_tables_[id];
        const auto must_know = [&](std::string_view key, const std::string& named,
                                   const std::set<std::string>& known, std::string_view what) {
            if (named.empty() || known.contains(named))
                return;
            value(table, key, [&](const toml::node& node) {
                file_.wrong(node,
                            "there is no " + std::string{what} + " with the id \"" + named + "\"");
            });
        };
        must_know("stand_in", rep.stand_in.value, rep_ids_, "rep");
        must_know("lead", rep.lead.value, rep_ids_, "rep");
        must_know("channel", rep.channel.value, channel_ids_, "channel");
        if (rep.channel && table.get("phone") == nullptr)
            wrong(*table.get("channel"), "prompts over a channel need the rep's \"phone\"");
    }
}

void Reader::read() {
    constexpr std::array<std::string_view, 11> root_keys{
        "company", "log_level", "server", "store", "calendar", "texts",
        "policy",  "channel",   "rep",    "push",  "voice"};
    keys(file_.root(), root_keys);
    text_into(file_.root(), "company", out_.company);
    value(file_.root(), "log_level", [&](const toml::node& node) {
        constexpr std::array<std::string_view, 5> levels{"debug", "info", "warn", "error", "off"};
        out_.log_level = text(node);
        if (std::find(levels.begin(), levels.end(), out_.log_level) == levels.end())
            file_.wrong(node, "unknown log level \"" + out_.log_level + "\"; " +
                                  instead_of(out_.log_level, levels));
    });
    constexpr std::array<std::string_view, 6> server_keys{
        "listen",      "public_url", "hosts", "connections_max", "connections_per_address_max",
        "send_timeout"};
    section("server", server_keys, [&](const toml::table& t) { server(t); });
    hosts();
    constexpr std::array<std::string_view, 1> store_keys{"url"};
    section("store", store_keys, [&](const toml::table& t) { store(t); });
    if (const std::string path = out_.store_url.substr(out_.store_url.find(':') + 1);
        path != ":memory:" && !is_postgres(out_.store_url))
        out_.store_url = "sqlite:" + (folder_ / path).lexically_normal().string();
    constexpr std::array<std::string_view, 2> calendar_keys{"default_region", "folder"};
    section("calendar", calendar_keys, [&](const toml::table& t) {
        path_into(t, "folder", folders.calendars);
        value(t, "default_region", [&](const toml::node& node) {
            out_.default_region = text(node);
            if (!core::known_region(out_.default_region))
                file_.wrong(node,
                            "expected a country's two capital letters such as \"IN\" or "
                            "\"GB\" (ISO 3166)");
        });
    });
    constexpr std::array<std::string_view, 3> text_keys{"cadences", "templates", "replies"};
    section("texts", text_keys, [&](const toml::table& t) {
        path_into(t, "cadences", folders.cadences);
        path_into(t, "templates", folders.templates);
        path_into(t, "replies", folders.replies);
    });
    constexpr std::array<std::string_view, 8> policy_keys{
        "debounce",      "call_length_max", "prompt_lease",     "ladder_gap",
        "window_margin", "wellbeing_gap",   "call_me_back_gap", "wrap_up_reminder"};
    section("policy", policy_keys, [&](const toml::table& t) { policy(t); });
    each("channel", [&](const toml::table& t) { channel(t); });
    each("rep", [&](const toml::table& t) { rep(t); });
    check_reps();
    constexpr std::array<std::string_view, 2> push_keys{"subject", "services"};
    section("push", push_keys, [&](const toml::table& t) { push(t); });
    constexpr std::array<std::string_view, 3> voice_keys{"bridge", "ring_for", "answer"};
    section("voice", voice_keys, [&](const toml::table& t) { voice(t); });
}

}  // namespace

Folders read_main_file(const TomlFile& file, const fs::path& folder, const Environment& environment,
                       Secrets secrets, ReadSettings& out) {
    Reader reader{file, folder, environment, secrets, out};
    reader.folders = {.cadences = folder / "cadences",
                      .calendars = folder / "calendars",
                      .replies = folder / "replies",
                      .templates = folder / "../templates"};
    reader.read();
    return reader.folders;
}

}  // namespace warmcall
