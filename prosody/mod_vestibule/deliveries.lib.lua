-- Which held messages were delivered, so that a repeated release is not delivered twice: noted
-- on disk before the component is told, forgotten when the pair is settled.
local store = module:open_store("vestibule_deliveries");
local jid_split = require "util.jid".split; -- COMPAT 0.12
local parse_time = require "util.datetime".parse;
local host = module.host;

-- user -> { [contact] = the highest id delivered }; ids of one pair only grow. Loaded at need,
-- kept while a release runs.
local notes = {};

local function notes_of(user)
	if not notes[user] then
		notes[user] = store:get((jid_split(user))) or {};
	end
	return notes[user];
end

local function save(user)
	local of_user = notes_of(user);
	local ok, err = store:set((jid_split(user)), next(of_user) and of_user or nil);
	if not ok then
		module:log("error", "Could not note a delivery (%s); it may be repeated after a restart", err);
	end
	if not next(of_user) then notes[user] = nil; end
end

-- Whether what was archived at that time is this message: from the same device, with the same id and
-- words, and stamped by us or, where nothing was stamped, archived since it was held. An id alone says
-- little: some clients count from one, the user's own as well.
local function is_same(archived, at, held, message)
	if archived.attr.from ~= message.attr.from or archived.attr.id ~= message.attr.id
		or archived:get_child_text("body") ~= message:get_child_text("body") then return false; end
	if held["in-order"] then
		local held_at = parse_time(held.stamp);
		return held_at and at and at >= math.floor(held_at) or false; -- mod_mam may know the second only
	end
	local delay = archived:get_child("delay", "urn:xmpp:delay");
	return delay ~= nil and delay.attr.stamp == held.stamp and delay.attr.from == host;
end

-- Between Prosody's delivery and its note lies the one gap a crash can leave: look into the
-- archive there, and prefer a duplicate to a loss.
local function is_archived(user, contact, held, message)
	local mam = prosody.hosts[host].modules.mam;
	local archive = mam and module:open_store(module:get_option_string("archive_store", "archive"), "archive");
	if not archive or not message.attr.id then return false; end
	local found = archive:find((jid_split(user)), { with = contact, limit = 50, reverse = true });
	if not found then return false; end
	for _, archived, at in found do
		if is_same(archived, at, held, message) then return true; end
	end
	return false;
end

local function is_repeat(user, contact, held, may_be_repeated, message)
	if not may_be_repeated then return false; end
	local highest = notes_of(user)[contact];
	if highest and tonumber(held.id) <= highest then return true; end
	return is_archived(user, contact, held, message);
end

local function note(user, contact, id)
	local of_user = notes_of(user);
	of_user[contact] = math.max(of_user[contact] or 0, tonumber(id) or 0);
end

local function settle(user, contact)
	local of_user = notes_of(user);
	if of_user[contact] then
		of_user[contact] = nil;
		save(user);
	end
	if not next(of_user) then notes[user] = nil; end
end

local function forget(user)
	notes[user] = nil;
	store:set((jid_split(user)), nil);
end

return { is_repeat = is_repeat, note = note, save = save, settle = settle, forget = forget };
