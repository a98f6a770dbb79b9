-- For wrk: beacons of ever new views of ever new visitors. Arguments: site, number of the round, host if it is not the address's,
-- how many to write beforehand. Both collectors of a comparison get the same requests.
--
-- They are written before the clock starts: wrk shares the machine with what it measures, and its own time to make up
-- requests would be counted against the server. What is beyond those is written as it goes.
local site, round
local written, next_one = {}, 0

local function write(count)
	wrk.headers["X-Forwarded-For"] = string.format("81.%d.%d.%d", round, math.floor(count / 256) % 256, count % 256)
	return wrk.format(nil, nil, nil, string.format(
		'{"v":1,"s":"%s","i":"%08x%08x","n":0,"u":"/page-%d/","e":[["v",1,"https://www.example.org/","Page %d"]]}',
		site, round, count, count % 50, count % 50))
end

function init(arguments)
	site, round = arguments[1], tonumber(arguments[2])
	wrk.method = "POST"
	if (arguments[3] or "") ~= "" then
		wrk.headers["Host"] = arguments[3]
	end
	wrk.headers["Content-Type"] = "text/plain;charset=UTF-8"
	wrk.headers["User-Agent"] = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
	for count = 1, tonumber(arguments[4] or "0") do
		written[count] = write(count)
	end
end

function request()
	next_one = next_one + 1
	return written[next_one] or write(next_one)
end

function done(summary)
	local errors = summary.errors
	io.write(string.format('\nRESULT {"requests":%d,"us":%d,"status":%d,"socket":%d}\n', summary.requests, summary.duration,
		errors.status, errors.connect + errors.read + errors.write + errors.timeout))
end
