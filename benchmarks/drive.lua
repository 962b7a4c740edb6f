-- What wrk sends: one body, again and again, about other subjects each time.
--
-- Arguments: <which> <subjects> <turn>. `which` says how subjects are chosen among those loaded (load.py):
--   any      one at random
--   touched  one at random of those who consent and have touchpoints
--   fresh    never the same twice; one in five is somebody not loaded
-- `turn` seeds the choice, so that a turn can be repeated and the next one differs.

local TOUCHED_EACH = 5
local NEW_EACH = 5
local STRIDE = 7919 -- prime, so that steps of it visit every subject before any twice
local TURN_LENGTH = 10000000

local body = os.getenv("BENCHMARK_BODY")
local headers = {
    ["Content-Type"] = "application/json",
    ["Authorization"] = "Bearer " .. (os.getenv("BENCHMARK_KEY") or ""),
}
local _, numbers_in_body = body:gsub("%%d", "")
local subjects, turn
local counter = 0

local choose = {
    any = function()
        return math.random(0, subjects - 1)
    end,
    touched = function()
        return math.random(0, math.floor(subjects / TOUCHED_EACH) - 1) * TOUCHED_EACH
    end,
    fresh = function()
        counter = counter + 1
        local place = turn * TURN_LENGTH + counter
        return counter % NEW_EACH == 0 and subjects + place or place * STRIDE % subjects
    end,
}
local next_number

function init(args)
    next_number = choose[args[1]]
    subjects, turn = tonumber(args[2]), tonumber(args[3])
    math.randomseed(turn)
end

function request()
    local numbers = {}
    for place = 1, numbers_in_body do
        numbers[place] = next_number()
    end
    return wrk.format("POST", nil, headers, body:format(unpack(numbers)))
end

function done(summary, latency, _)
    local errors = summary.errors
    io.write(string.format(
        '{"requests":%d,"seconds":%f,"p50_ms":%f,"p99_ms":%f,"refused":%d,"broken":%d}\n',
        summary.requests,
        summary.duration / 1e6,
        latency:percentile(50) / 1e3,
        latency:percentile(99) / 1e3,
        errors.status,
        errors.connect + errors.read + errors.write + errors.timeout
    ))
end
