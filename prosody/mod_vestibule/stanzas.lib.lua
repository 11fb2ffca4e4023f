-- Stanzas on their way to the component and back: pure helpers, no state.
local st = require "util.stanza"; -- COMPAT 0.12: prosody.util.* does not resolve there
local jid_split = require "util.jid".split;
local xml_escape = st.xml_escape;
local find, match = string.find, string.match;

local xmlns_client = "jabber:client";

-- Carry no content of their own; never worth an error to their sender.
local chatter = {
	["http://jabber.org/protocol/chatstates"] = true;
	["urn:xmpp:receipts"] = true;
	["urn:xmpp:chat-markers:0"] = true;
	["urn:xmpp:hints"] = true;
	["urn:xmpp:sid:0"] = true;
};

-- Most texts have nothing to escape: to look for it plainly takes a fraction of a pattern's time.
local function escape(text)
	if find(text, "&", 1, true) or find(text, "<", 1, true) or find(text, ">", 1, true) or find(text, "'", 1, true) then
		return xml_escape(text);
	end
	return text;
end

-- What almost each stanza has, made once: a text made anew each time is garbage.
local opening, closing, attribute = {}, {}, {};
for _, name in ipairs { "message", "body", "active", "composing", "paused", "request", "markable", "x", "iq", "presence" } do
	opening[name], closing[name] = "<" .. name, "</" .. name .. ">";
end
for _, key in ipairs { "from", "to", "type", "id", "xml:lang", "xmlns" } do
	attribute[key] = " " .. key .. "='";
end

local function attributes(attr)
	local text = "";
	for name, value in pairs(attr) do
		text = text .. " " .. name .. "='" .. escape(value) .. "'";
	end
	return text;
end

-- Appends an element to the pieces of a text; returns the place of the last of them. For a text of many
-- stanzas: what tostring() leaves behind for each costs Prosody more than writing it. The stanza itself
-- says its namespace, so that it survives inside another stream (XEP-0297).
local function append(pieces, last, element, xmlns, outer)
	local name, namespaces = element.name, 0;
	last = last + 1;
	pieces[last] = opening[name] or "<" .. name;
	if xmlns and xmlns ~= outer then
		pieces[last + 1], pieces[last + 2], pieces[last + 3] = attribute.xmlns, escape(xmlns), "'";
		last = last + 3;
	end
	for key, value in pairs(element.attr) do
		if find(key, "\1", 1, true) then -- as Prosody's parser writes them
			local namespace, own_name = match(key, "^([^\1]*)\1(.*)$");
			namespaces = namespaces + 1;
			local prefix = "ns" .. namespaces;
			last = last + 1;
			pieces[last] = " xmlns:" .. prefix .. "='" .. escape(namespace) .. "'";
			key = prefix .. ":" .. own_name;
		end
		if key ~= "xmlns" then
			pieces[last + 1], pieces[last + 2], pieces[last + 3] = attribute[key] or " " .. key .. "='", escape(value), "'";
			last = last + 3;
		end
	end
	local count = #element;
	if count == 0 then
		pieces[last + 1] = "/>";
		return last + 1;
	end
	last = last + 1;
	pieces[last] = ">";
	for place = 1, count do
		local child = element[place];
		if child.name then -- no text has one
			last = append(pieces, last, child, child.attr.xmlns, xmlns);
		else
			last = last + 1;
			pieces[last] = escape(child);
		end
	end
	pieces[last + 1] = closing[name] or "</" .. name .. ">";
	return last + 1;
end

local function append_to_wire(pieces, last, stanza)
	return append(pieces, last, stanza, xmlns_client);
end

local function to_wire(stanza)
	local pieces = {};
	append_to_wire(pieces, 0, stanza);
	return table.concat(pieces);
end

-- What to_wire() made and a component stream parsed: jabber:client is implicit in Prosody,
-- but only down to the first element of another namespace.
local function from_wire(stanza)
	if stanza.attr.xmlns == xmlns_client then
		stanza.attr.xmlns = nil;
		for _, child in ipairs(stanza.tags) do
			from_wire(child);
		end
	end
	return stanza;
end

-- What came off a stream is nobody else's afterwards; who sends otherwise may send the same again.
local is_stream = { c2s = true, s2sin = true, s2sout = true };

local function to_keep(origin, stanza)
	return is_stream[origin.type] and stanza or st.clone(stanza);
end

local function is_chatter(stanza)
	for _, child in ipairs(stanza.tags) do
		if child.name ~= "thread" and not chatter[child.attr.xmlns or xmlns_client] then
			return false;
		end
	end
	return true;
end

-- Some clients obey roster item exchange (XEP-0144) without a question, and a delay stamp
-- (XEP-0203) in our own name is for us alone to write: neither passes from a stranger.
local function is_forgery(child)
	local xmlns = child.attr.xmlns;
	if xmlns == "urn:xmpp:delay" and child.attr.from then
		local _, stamped_by = jid_split(child.attr.from);
		return prosody.hosts[stamped_by] ~= nil;
	end
	return xmlns == "http://jabber.org/protocol/rosterx";
end

local function strip_forgeries(stanza)
	for _, tag in ipairs(stanza.tags) do
		if is_forgery(tag) then -- seldom: only then anything is rebuilt
			return stanza:maptags(function (child) return not is_forgery(child) and child or nil; end);
		end
	end
	return stanza;
end

local function presence(kind, from, to)
	return st.presence({ type = kind, from = from, to = to });
end

-- What the component needs of a request that Prosody keeps whole: its words and its code.
local function brief_request(stanza)
	local brief = presence("subscribe", stanza.attr.from, stanza.attr.to);
	local status, code = stanza:get_child("status"), stanza:get_child("preauth", "urn:xmpp:pars:0");
	if status then brief:add_child(status); end
	if code then brief:add_child(code); end
	return brief;
end

return {
	brief_request = brief_request;
	escape = escape; attributes = attributes; append_to_wire = append_to_wire; to_wire = to_wire;
	from_wire = from_wire;
	to_keep = to_keep;
	is_chatter = is_chatter;
	strip_forgeries = strip_forgeries;
	presence = presence;
};
