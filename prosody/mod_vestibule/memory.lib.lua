-- What the gate remembers, all of it bounded: verdicts with a lifetime, pairs that must keep
-- their order, and whom the user wrote to.
local cache = require "util.cache"; -- COMPAT 0.12
local now = require "util.time".now;

local max_users = module:get_option_number("vestibule_cache_users", 10000);
local max_contacts = module:get_option_number("vestibule_cache_contacts", 1000);
local max_written = module:get_option_number("vestibule_written_pairs", 10000);

-- Remembered verdicts, by kind: users -> { how many, [contact] = entry }; the contact "" is "any
-- stranger of this user". A table for each user, so that forgetting one is one removal.
local kinds = { "message", "iq", "probe" };
local verdicts = {};
for _, kind in ipairs(max_users > 0 and kinds or {}) do
	verdicts[kind] = cache.new(max_users);
end

local function remembered(user, kind, contact)
	local books = verdicts[kind];
	local book = books and books:get(user);
	if not book then return nil; end
	local entry = book[contact];
	if entry and entry.expires > now() then return entry.letter; end
	entry = book[""];
	if entry and entry.expires > now() then return entry.letter, true; end
end

-- What ends in the same second with the same letter shares one entry.
local latest = {}; -- letter -> entry

local function entry_for(letter, expires)
	local entry = latest[letter];
	if not entry or entry.expires ~= expires then
		entry = { letter = letter, expires = expires };
		latest[letter] = entry;
	end
	return entry;
end

local function remember(user, kind, contact, letter, lifetime)
	local books = verdicts[kind];
	if not books then return; end
	local book = books:get(user);
	if not book or book[1] >= max_contacts then
		book = { 0 };
		books:set(user, book);
	end
	if not book[contact] then book[1] = book[1] + 1; end
	book[contact] = entry_for(letter, math.floor(now()) + lifetime);
end

local function forget(user, contact)
	for _, books in pairs(verdicts) do
		local book = contact and books:get(user);
		if not contact then
			books:set(user, nil);
		elseif book and book[contact] then
			book[contact] = nil;
			book[1] = book[1] - 1;
		end
	end
end

local function forget_all()
	for _, books in pairs(verdicts) do books:clear(); end
end

local function pair(user, contact)
	return user .. "\0" .. contact;
end

-- Pairs with something under way: user -> contact -> how many checks are outstanding, and one more
-- while held messages are being released. While a pair is here, its next message takes no short cut.
local busy = {};
local releasing = {}; -- pair -> { user, contact }

local function check_begins(user, contact)
	local of_user = busy[user];
	if not of_user then
		of_user = {};
		busy[user] = of_user;
	end
	of_user[contact] = (of_user[contact] or 0) + 1;
end

local function check_ends(user, contact)
	local of_user = busy[user];
	local count = of_user and of_user[contact];
	if not count then return; end
	of_user[contact] = count > 1 and count - 1 or nil;
	if next(of_user) == nil then busy[user] = nil; end
end

local function release_begins(user, contact)
	local key = pair(user, contact);
	if releasing[key] then return; end
	releasing[key] = { user, contact };
	check_begins(user, contact);
end

local function release_ends(user, contact)
	local key = pair(user, contact);
	if not releasing[key] then return; end
	releasing[key] = nil;
	check_ends(user, contact);
end

local function release_ends_for_all()
	for _, each in pairs(releasing) do
		release_ends(each[1], each[2]);
	end
end

local function is_busy(user, contact)
	local of_user = busy[user];
	return of_user ~= nil and of_user[contact] ~= nil;
end

-- Pairs the user decided about in a client and the component has not acknowledged: what it
-- decided before must not be carried out any more.
local unlearned = cache.new(max_written);

local function decision_begins(user, contact)
	local key = pair(user, contact);
	unlearned:set(key, (unlearned:get(key) or 0) + 1);
end

local function decision_ends(user, contact)
	local key = pair(user, contact);
	local left = (unlearned:get(key) or 1) - 1;
	unlearned:set(key, left > 0 and left or nil);
end

local function decisions_end_for_all()
	unlearned:clear();
end

local function is_decided(user, contact)
	return unlearned:get(pair(user, contact)) ~= nil;
end

-- Whom the user wrote to since Prosody started: decides about errors that come back.
local written = cache.new(max_written);

local function note_written(user, contact)
	local key = pair(user, contact);
	if written:get(key) then return false; end
	written:set(key, true);
	return true;
end

local function has_written(user, contact)
	return written:get(pair(user, contact)) == true;
end

local function forget_written(user, contact)
	written:set(pair(user, contact), nil);
end

-- All about somebody who is gone: whoever gets the name next starts anew.
local function forget_user(user)
	forget(user);
	local prefix = pair(user, "");
	local mine = {};
	for key in written:items() do
		if key:sub(1, #prefix) == prefix then mine[#mine + 1] = key; end
	end
	for _, key in ipairs(mine) do
		written:set(key, nil);
	end
	for _, each in pairs(releasing) do
		if each[1] == user then release_ends(user, each[2]); end
	end
end

return {
	remembered = remembered; remember = remember; forget = forget; forget_all = forget_all;
	pair = pair; is_busy = is_busy;
	check_begins = check_begins; check_ends = check_ends;
	release_begins = release_begins; release_ends = release_ends;
	release_ends_for_all = release_ends_for_all;
	decision_begins = decision_begins; decision_ends = decision_ends;
	decisions_end_for_all = decisions_end_for_all; is_decided = is_decided;
	note_written = note_written; has_written = has_written; forget_written = forget_written;
	forget_user = forget_user;
};
