-- For wrk: beacons of ever new views of ever new visitors. Arguments: site, number of the round, host if it is not the address's.
-- Both collectors of a comparison get the same requests.
local site, round, count

function init(arguments)
	site, round, count = arguments[1], tonumber(arguments[2]), 0
	wrk.method = "POST"
	if (arguments[3] or "") ~= "" then
		wrk.headers["Host"] = arguments[3]
	end
	wrk.headers["Content-Type"] = "text/plain;charset=UTF-8"
	wrk.headers["User-Agent"] = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
end

function request()
	count = count + 1
	wrk.headers["X-Forwarded-For"] = string.format("81.%d.%d.%d", round, math.floor(count / 256) % 256, count % 256)
	return wrk.format(nil, nil, nil, string.format(
		'{"v":1,"s":"%s","i":"%08x%08x","n":0,"u":"/page-%d/","e":[["v",1,"https://www.example.org/","Page %d"]]}',
		site, round, count, count % 50, count % 50))
end

function done(summary)
	local errors = summary.errors
	io.write(string.format('\nRESULT {"requests":%d,"us":%d,"status":%d,"socket":%d}\n', summary.requests, summary.duration,
		errors.status, errors.connect + errors.read + errors.write + errors.timeout))
end
