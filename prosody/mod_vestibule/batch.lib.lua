-- The text of a batch of checks, put together once of its pieces: each text made on the way is
-- garbage, which costs Prosody more than all else here.
local stanzas = module:require "stanzas";

local escape, attributes, append_to_wire = stanzas.escape, stanzas.attributes, stanzas.append_to_wire;
local concat = table.concat;

local max_pieces = 64 * 128;

local pieces, last_piece, bytes = {}, 0, 0; -- the table is used again for the next batch

local function begin(opening)
	pieces[1], last_piece, bytes = opening, 1, 0;
end

-- facts: further attributes, if there are any. Returns how many bytes of checks there are by now.
local function add(check, facts)
	local at = last_piece;
	pieces[at + 1], pieces[at + 2], pieces[at + 3] = "<check kind='", check.kind, "' user='";
	pieces[at + 4], pieces[at + 5], pieces[at + 6] = escape(check.user), "' contact='", escape(check.contact);
	pieces[at + 7] = facts and "'" .. attributes(facts) .. ">" or "'>";
	last_piece = append_to_wire(pieces, at + 7, check.stanza) + 1;
	pieces[last_piece] = "</check>";
	for place = at + 1, last_piece do
		bytes = bytes + #pieces[place];
	end
	return bytes;
end

local function finish(closing)
	pieces[last_piece + 1] = closing;
	local text = concat(pieces, "", 1, last_piece + 1);
	if last_piece > max_pieces then -- one stanza of very many elements
		pieces = {};
	else
		for place = 1, last_piece + 1 do pieces[place] = nil; end
	end
	last_piece = 0;
	return text;
end

return { begin = begin; add = add; finish = finish };
