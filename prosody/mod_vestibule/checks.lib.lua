-- Checks: asking the component about one stanza, and applying what it answers.
local st = require "util.stanza"; -- COMPAT 0.12: prosody.util.* does not resolve there

return function (link, memory, roster, stanzas)

local host_session = prosody.hosts[module.host];
local post = prosody.core_post_stanza;
local component = link.component;

-- Stanzas we let go on, marked by identity: nothing a peer can forge.
local passed = setmetatable({}, { __mode = "k" });

local function let_pass(check)
	passed[check.stanza] = true;
	post(check.origin, check.stanza);
end

-- What the component said at hello that a sender is told, by letter of the verdict.
local replies = {};

local function bounce(check, kind, condition, text)
	local stanza = check.stanza;
	if stanza.name == "presence" or stanza.name == "message" and stanzas.is_chatter(stanza) then return; end
	check.origin.send(st.error_reply(stanza, kind, condition, text));
end

local function bounce_as(check, letter)
	local reply = check.stanza.name ~= "iq" and replies[letter];
	if reply then
		bounce(check, reply.type, reply.condition, reply.text);
	else
		bounce(check, "cancel", "service-unavailable"); -- what Prosody says of a resource that is not there
	end
end

-- Whether accounts that do not exist are not answered for at all.
local unknown_are_silent = module:get_option_string("vestibule_unknown_accounts", "answered") == "silent";

-- RFC 6121 §4.3.2: puts right what the contact's server believes. Prosody has that answer, but
-- routes it to nobody who is not subscribed. Where unknown accounts are silent, this would tell them apart.
local function answer_unsubscribed(check)
	if not unknown_are_silent then
		post(host_session, stanzas.presence("unsubscribed", check.user, check.contact));
	end
end

-- The contact is told, as far as they can tell, that the user is not there now.
local function answer_offline(check)
	post(host_session, stanzas.presence("unavailable", check.user, check.contact));
end

-- A request nobody judged: Prosody treats it as ever, and the component learns of it later.
local function fall_back(check)
	if not roster.is_pending(check.user, check.contact) and not roster.is_authorized(check.user, check.contact) then
		local brief = stanzas.to_wire(stanzas.brief_request(check.stanza));
		link.event("requested", { user = check.user, contact = check.contact }, false, brief);
	end
	let_pass(check);
end

-- No verdict to be had. The authorised are never in the way of an outage.
local function without_verdict(check)
	if check.is_withdrawn then return; end
	if check.kind == "subscribe" then
		fall_back(check);
	elseif check.kind == "probe" then
		answer_offline(check);
	elseif roster.is_authorized(check.user, check.contact) then
		let_pass(check);
	elseif check.kind == "iq" then
		bounce(check, "cancel", "service-unavailable");
	else
		bounce(check, "wait", "remote-server-timeout", "This message could not be checked right now. Please try again later.");
	end
end

-- Pairs with checks that the user has decided past: these are asked again when the last of them
-- is answered, and what the contact sends meanwhile is asked after them. Order is a promise.
local overtaken = {}; -- pair -> { left = checks not answered yet; again = {...}; behind = {...} }
local max_behind = 1000;

local function overtake(check)
	if check.is_stale then return; end
	check.is_stale = true;
	local line = overtaken[check.pair];
	if not line then
		line = { left = 0; again = {}; behind = {} };
		overtaken[check.pair] = line;
	end
	line.left = line.left + 1;
end

local function ask(kind, user, contact, origin, stanza)
	if origin.type ~= "c2s" or kind == "subscribe" then
		stanza = st.clone(stanza); -- others reuse what they send
	end
	local attr = roster.facts(user, contact);
	attr.kind, attr.user, attr.contact = kind, user, contact;
	local check = {
		kind = kind; user = user; contact = contact; attr = attr;
		origin = origin; stanza = stanza; wire = stanzas.to_wire(stanza);
		pair = memory.pair(user, contact);
	};
	local line = overtaken[check.pair];
	if line then
		if #line.behind < max_behind then
			line.behind[#line.behind + 1] = check;
		else
			without_verdict(check);
		end
		return true;
	end
	memory.check_begins(check.pair);
	if not link.ask(check) then
		memory.check_ends(check.pair);
		without_verdict(check);
	end
	return true;
end

local function each_later(pair, callback)
	local line = overtaken[pair];
	if not line then return; end
	for _, checks in ipairs { line.again, line.behind } do
		for _, later in ipairs(checks) do callback(later); end
	end
end

-- One of the overtaken checks was answered, or given up.
local function catch_up(check)
	local line = overtaken[check.pair];
	line.left = line.left - 1;
	if line.left > 0 then return; end
	overtaken[check.pair] = nil;
	for _, checks in ipairs { line.again, line.behind } do
		for _, later in ipairs(checks) do
			if not later.is_withdrawn then
				ask(later.kind, later.user, later.contact, later.origin, later.stanza);
			end
		end
	end
end

local function nothing_more() end

local apply = {
	p = let_pass;
	k = let_pass; -- ask: Prosody stores the request and shows it to the user's clients
	h = nothing_more; -- held: the component has it on disk
	d = nothing_more;
	b = bounce_as; r = bounce_as; w = bounce_as;
	a = function (check) roster.approve_request(check.user, check.contact, check.stanza); end;
	n = function (check) roster.deny_request(check.user, check.contact); end;
	o = function (check) roster.polite_block(check.user, check.contact); end;
};

-- What is no business of a probe changes nothing and gives nothing away.
local answer_probe = { p = answer_unsubscribed; k = answer_offline, h = answer_offline, a = answer_offline, n = answer_offline, o = answer_offline };

function link.on.verdict(check, letter)
	memory.check_ends(check.pair);
	if check.is_stale then
		-- The user decided about this contact after the component did: ask again. What it
		-- holds is safe, since it learns of the user's decision after holding.
		if letter ~= "h" and not check.is_withdrawn then
			local again = overtaken[check.pair].again;
			again[#again + 1] = check;
		end
		return catch_up(check);
	end
	if check.is_releasing then memory.release_begins(check.pair); end
	if check.is_withdrawn then return; end
	local remember = check.remember;
	if remember then
		memory.remember(check.user, check.kind, remember.any and "" or check.contact, letter, remember.lifetime);
	end
	local handler = check.kind == "probe" and answer_probe[letter] or apply[letter];
	if not handler then
		module:log("error", "Unknown verdict %q from %s", letter, component);
		return without_verdict(check);
	end
	handler(check, letter);
end

function link.on.gave_up(check)
	memory.check_ends(check.pair);
	without_verdict(check);
	if check.is_stale then catch_up(check); end
end

-- What a verdict remembered for this pair says; nil if it must be asked about.
local function answer_from_memory(kind, user, contact, origin, stanza)
	local letter = not memory.is_busy(user, contact) and memory.remembered(user, kind, contact);
	if not letter then return nil; end
	if letter ~= "p" or kind == "probe" then
		local handler = kind == "probe" and answer_probe[letter] or apply[letter];
		handler({ kind = kind, origin = origin, stanza = stanza, user = user, contact = contact }, letter);
	end
	return letter;
end

-- Whether this very stanza was let go on by us; asked once.
local function is_passed(stanza)
	local is_marked = passed[stanza];
	passed[stanza] = nil;
	return is_marked;
end

return {
	ask = ask; overtake = overtake; each_later = each_later; answer_from_memory = answer_from_memory; is_passed = is_passed;
	mark_passed = function (stanza) passed[stanza] = true; end;
	set_replies = function (new) replies = new; end;
	refuse = bounce_as; answer_offline = answer_offline; answer_unsubscribed = answer_unsubscribed;
	unknown_are_silent = unknown_are_silent;
};

end
