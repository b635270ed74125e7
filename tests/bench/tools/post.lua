-- wrk posts the lines of a prepared file, each once and in order: "signature<TAB>body"; a second argument is how many a second.
-- Counts answers that are not 200.
local bodies, next_line = {}, 1
local threads = {}

function setup(thread)
    table.insert(threads, thread)
end

function init(args)
    refused = 0
    rate = tonumber(args[2])
    for line in io.lines(args[1]) do
        local tab = string.find(line, "\t", 1, true)
        bodies[#bodies + 1] = wrk.format("POST", "/webhooks/main",
            {["Content-Type"] = "application/json", ["X-Hub-Signature-256"] = string.sub(line, 1, tab - 1)},
            string.sub(line, tab + 1))
    end
end

function request()
    local r = bodies[next_line]
    next_line = next_line % #bodies + 1
    return r
end

function delay()  -- milliseconds before the next request of one of the 64 connections: they come at random, about `rate` a second
    return rate and math.random() * 2 * 0.85 * 64000 / rate or 0
end

function response(status)
    if status ~= 200 then
        refused = refused + 1
    end
end

function done(summary, latency)
    local refused_all = 0
    for _, thread in ipairs(threads) do
        refused_all = refused_all + thread:get("refused")
    end
    print(string.format("RESULT %d %d %d %d %d", summary.requests, summary.duration, latency:percentile(50), latency:percentile(99),
        refused_all + summary.errors.connect + summary.errors.read + summary.errors.write + summary.errors.timeout))
end
