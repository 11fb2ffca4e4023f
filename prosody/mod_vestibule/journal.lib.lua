-- What the component must learn even if it is away, or either of us dies: kept until
-- acknowledged, replayed at hello.
local new_id = require "util.id".short; -- COMPAT 0.12

local max_entries = module:get_option_number("vestibule_journal_size", 1000);

local store = module:open_store("vestibule_journal");

-- { { seq, xml }, ... } in order. The names in seq need only be unique within one run.
local entries = store:get(nil) or {};
local is_dirty = false; -- differs from what is on disk
local lacks_entries = false; -- and the difference is no mere acknowledgement
local last_seq = 0;
for _, entry in ipairs(entries) do
	entry.seq = new_id();
end

local function save()
	is_dirty, lacks_entries = false, false;
	local ok, err = store:set(nil, entries[1] and entries or nil);
	if not ok then
		module:log("error", "Could not write the journal (%s); events since then are lost if Prosody stops now", err);
	end
end

-- Strangers can cause the dispensable ones: these make room first, so that no flood pushes out
-- what users decided.
local function make_room()
	local oldest = 1;
	for place, entry in ipairs(entries) do
		if entry.is_dispensable then
			oldest = place;
			break;
		end
	end
	table.remove(entries, oldest);
	module:log("warn", "The journal is full (vestibule_journal_size = %d): the oldest event was dropped", max_entries);
end

-- Returns the entry's name, to be given back to acknowledge(). What may wait is on disk after
-- save_entries(): one write for all of a turn.
local function append(xml, may_wait, is_dispensable)
	if #entries >= max_entries then make_room(); end
	last_seq = last_seq + 1;
	local seq = "e" .. last_seq;
	entries[#entries + 1] = { seq = seq, xml = xml, is_dispensable = is_dispensable or nil };
	if may_wait then is_dirty, lacks_entries = true, true; else save(); end
	return seq;
end

local function acknowledge(acknowledged)
	local left = {};
	for _, entry in ipairs(entries) do
		if not acknowledged[entry.seq] then left[#left + 1] = entry; end
	end
	if #left < #entries then
		entries = left;
		is_dirty = true;
	end
end

-- All that waits: the text, and the names to acknowledge it by.
local function pending()
	local texts, names = {}, {};
	for _, entry in ipairs(entries) do
		texts[#texts + 1] = entry.xml;
		names[entry.seq] = true;
	end
	return table.concat(texts), names;
end

local function save_entries()
	if lacks_entries then save(); end
end

local function save_if_needed()
	if is_dirty then save(); end
end

local function is_empty()
	return entries[1] == nil;
end

return {
	append = append; acknowledge = acknowledge; pending = pending; is_empty = is_empty;
	save_entries = save_entries; save_if_needed = save_if_needed;
};
