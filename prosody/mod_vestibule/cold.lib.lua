-- Cold rosters: those of offline users that Prosody does not have in memory. Telling a contact from a
-- stranger takes reading one, which holds up the whole server, and strangers can have as many read as
-- they like. So only so many a second are read for messages; what comes beyond waits in line.
local now = require "util.time".now; -- COMPAT 0.12
local to_keep = module:require "stanzas".to_keep;

local per_second = module:get_option_number("vestibule_roster_reads", 100);
local max_waiting = module:get_option_number("vestibule_roster_line", 1000);
local look_every = 0.1;

local reads_total = module:metric("counter", "roster_reads", "", "Messages that needed a roster not in memory", { "outcome" });

return function (memory, roster)

local callbacks = {};
local line, first, last = {}, 1, 0; -- places first to last are taken
local waiting = {}; -- pair -> how many of its messages are in line
local allowance, counted_at = per_second, now();

-- Whether a message of this pair needs a roster that is not there, or must not overtake one that does.
local function is_cold(user, contact)
	return not roster.is_at_hand(user) or first <= last and waiting[memory.pair(user, contact)] ~= nil;
end

local function is_allowed()
	local at = now();
	allowance = math.min(per_second, allowance + (at - counted_at) * per_second);
	counted_at = at;
	if allowance < 1 then return false; end
	allowance = allowance - 1;
	reads_total:with_labels("read"):add(1);
	return true;
end

local function may_read(user, contact)
	if waiting[memory.pair(user, contact)] then return false; end
	return roster.is_claimed(user, contact) or first > last and is_allowed();
end

local function serve_first()
	local head = line[first];
	line[first] = nil;
	first = first + 1;
	local left = waiting[head.pair] - 1;
	waiting[head.pair] = left > 0 and left or nil;
	memory.check_ends(head.user, head.contact);
	callbacks.served(head.user, head.contact, head.origin, head.stanza);
end

local function serve()
	while first <= last and (roster.is_at_hand(line[first].user) or is_allowed()) do
		serve_first();
	end
	return first <= last and look_every or nil;
end

local function close()
	while first <= last do serve_first(); end
end

-- Keeps a message until its user's roster may be read; false if too many wait already.
local function wait(user, contact, origin, stanza)
	if last - first + 1 >= max_waiting then
		reads_total:with_labels("refused"):add(1);
		return false;
	end
	reads_total:with_labels("waited"):add(1);
	local pair = memory.pair(user, contact);
	memory.check_begins(user, contact); -- nothing of the pair takes a short cut meanwhile
	waiting[pair] = (waiting[pair] or 0) + 1;
	if first > last then module:add_timer(look_every, serve); end
	last = last + 1;
	line[last] = {
		pair = pair; user = user; contact = contact; origin = origin; stanza = to_keep(origin, stanza);
	};
	return true;
end

return { on = callbacks, is_cold = is_cold, may_read = may_read, wait = wait, close = close }; -- on: served(user, contact, origin, stanza)

end
