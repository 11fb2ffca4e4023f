-- Checks: asking the component about one stanza, and applying what it answers.
local st = require "util.stanza"; -- COMPAT 0.12: prosody.util.* does not resolve there
local errors = module:require "errors";

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

local unchecked = errors.new("wait", "remote-server-timeout", "This message could not be checked right now. Please try again later.");
local too_many = errors.new("wait", "resource-constraint", "Too many messages wait here right now. Please try again later.");
local not_there = errors.new("cancel", "service-unavailable"); -- what Prosody says of a resource that is not there

-- What the component said at hello that a sender is told, by letter of the verdict; by its capital
-- what one is told whose request waits.
local replies = {};

local function set_replies(new, to_waiting)
	replies = new;
	for letter, err in pairs(to_waiting) do new[letter:upper()] = err; end
end

local function bounce(origin, stanza, err)
	if stanza.name == "presence" or stanza.name == "message" and stanzas.is_chatter(stanza) then return; end
	errors.tell(origin, stanza, err);
end

-- Too much is asked for: neither judged nor kept.
local function put_off(origin, stanza)
	if stanza.attr.type ~= "error" then
		bounce(origin, stanza, too_many);
	end
	return true;
end

-- letter: of the verdict, if there is one.
local function refuse(origin, stanza, letter)
	bounce(origin, stanza, stanza.name ~= "iq" and letter and (replies[letter] or replies[letter:lower()]) or not_there);
end

local function bounce_as(check, letter)
	refuse(check.origin, check.stanza, check.is_waiting and letter:upper() or letter);
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

-- What becomes of strangers of whom there is no verdict: by default they are asked to try later;
-- "pass" lets their messages through, "stock" has Prosody treat them as it would without us.
local policy = module:get_option_string("vestibule_failure_policy", "refuse");
if policy ~= "refuse" and policy ~= "pass" and policy ~= "stock" then
	error("vestibule_failure_policy must be \"refuse\", \"pass\" or \"stock\"", 0);
end

local function try_later(check)
	bounce(check.origin, check.stanza, unchecked);
end

local function no_device(check)
	refuse(check.origin, check.stanza);
end

local on_failure = {
	refuse = { message = try_later, iq = no_device, probe = answer_offline };
	pass = { message = let_pass, iq = no_device, probe = answer_offline }; -- nobody sees more than else
	stock = { message = let_pass, iq = let_pass, probe = answer_unsubscribed };
};

-- No verdict to be had. The authorised are never in the way of an outage.
local function without_verdict(check)
	if check.is_withdrawn then return; end
	if check.kind == "subscribe" then
		link.count_unjudged(check.kind, "fallback");
		fall_back(check);
	elseif (check.kind ~= "iq" or roster.is_at_hand(check.user)) and roster.is_authorized(check.user, check.contact) then
		link.count_unjudged(check.kind, "authorized");
		let_pass(check);
	else
		link.count_unjudged(check.kind, policy, true);
		on_failure[policy][check.kind](check);
	end
end

-- Pairs with checks that the user has decided past: these are asked again when the last of them
-- is answered, and what the contact sends meanwhile is asked after them. Order is a promise.
local overtaken = {}; -- pair -> { left = checks not answered yet; again = {...}; behind = {...} }
local max_behind = 1000;

local function overtaken_of(user, contact)
	return next(overtaken) and overtaken[memory.pair(user, contact)];
end

local function overtake(check)
	if check.is_stale then return; end
	check.is_stale = true;
	local line = overtaken_of(check.user, check.contact);
	if not line then
		line = { left = 0; again = {}; behind = {} };
		overtaken[memory.pair(check.user, check.contact)] = line;
	end
	line.left = line.left + 1;
end

local function ask(kind, user, contact, origin, stanza)
	stanza = kind == "subscribe" and st.clone(stanza) or stanzas.to_keep(origin, stanza); -- Prosody changes a request
	if kind == "message" then stanzas.strip_forgeries(stanza); end
	-- An offline user has no device that could be asked something: no roster is read for that.
	local facts = (kind ~= "iq" or roster.is_at_hand(user)) and roster.facts(user, contact) or nil;
	local check = {
		kind = kind; user = user; contact = contact;
		origin = origin; stanza = stanza; is_waiting = facts and facts.pending;
	};
	local line = overtaken_of(user, contact);
	if line then
		if #line.behind < max_behind then
			line.behind[#line.behind + 1] = check;
		else
			without_verdict(check);
		end
		return true;
	end
	memory.check_begins(user, contact);
	if not link.ask(check, facts) then
		memory.check_ends(user, contact);
		without_verdict(check);
	end
	return true;
end

local function each_later(user, contact, callback)
	local line = overtaken_of(user, contact);
	if not line then return; end
	for _, checks in ipairs { line.again, line.behind } do
		for _, later in ipairs(checks) do callback(later); end
	end
end

-- One of the overtaken checks was answered, or given up.
local function catch_up(check)
	local line = overtaken_of(check.user, check.contact);
	line.left = line.left - 1;
	if line.left > 0 then return; end
	overtaken[memory.pair(check.user, check.contact)] = nil;
	for _, checks in ipairs { line.again, line.behind } do
		for _, later in ipairs(checks) do
			if not later.is_withdrawn then
				ask(later.kind, later.user, later.contact, later.origin, later.stanza);
			end
		end
	end
end

local is_refusal = { b = true, r = true, w = true, B = true, R = true, W = true };

local function nothing_more() end

local apply = {
	p = let_pass;
	k = function (check) -- ask: Prosody stores the request and shows it to the user's clients
		memory.forget(check.user, check.contact); -- said to somebody who had not asked
		let_pass(check);
	end;
	h = nothing_more; -- held: the component has it on disk
	d = nothing_more;
	b = bounce_as; r = bounce_as; w = bounce_as;
	a = function (check) roster.approve_request(check.user, check.contact, check.stanza); end;
	n = function (check) roster.deny_request(check.user, check.contact); end;
	o = function (check) roster.polite_block(check.user, check.contact); end;
};

-- A request may have come in since, and must not be taken back by this.
local function answer_stranger(check)
	if roster.is_pending(check.user, check.contact) then answer_offline(check); else answer_unsubscribed(check); end
end

-- What is no business of a probe changes nothing and gives nothing away.
local answer_probe = { p = answer_stranger; k = answer_offline, h = answer_offline, a = answer_offline, n = answer_offline, o = answer_offline };

function link.on.verdict(check, letter)
	memory.check_ends(check.user, check.contact);
	if check.is_stale then
		-- The user decided about this contact after the component did: ask again. What it
		-- holds is safe, since it learns of the user's decision after holding.
		if letter ~= "h" and not check.is_withdrawn then
			local again = overtaken_of(check.user, check.contact).again;
			again[#again + 1] = check;
		end
		return catch_up(check);
	end
	if check.is_releasing then memory.release_begins(check.user, check.contact); end
	if check.is_withdrawn then return; end
	local handler = check.kind == "probe" and answer_probe[letter] or apply[letter];
	if not handler then
		module:log("error", "Unknown verdict %q from %s", letter, component);
		return without_verdict(check);
	end
	local remember = check.remember;
	if remember then
		local contact = remember.any and "" or check.contact;
		-- A sender is told the same by heart as when asked.
		local to_waiting = check.is_waiting and contact ~= "" and is_refusal[letter];
		memory.remember(check.user, check.kind, contact, to_waiting and letter:upper() or letter, remember.lifetime);
	end
	handler(check, letter);
end

function link.on.gave_up(check)
	memory.check_ends(check.user, check.contact);
	without_verdict(check);
	if check.is_stale then catch_up(check); end
end

-- Whether the user has had to do with the contact: no stranger, whatever is said about these.
local function is_known(user, contact)
	return memory.has_written(user, contact) or roster.facts(user, contact) ~= nil;
end

-- What a verdict remembered for this pair says; nil if it must be asked about.
local function answer_from_memory(kind, user, contact, origin, stanza)
	if memory.is_busy(user, contact) then return nil; end
	local letter, is_for_strangers = memory.remembered(user, kind, contact);
	if not letter or is_for_strangers and (not roster.is_at_hand(user) or is_known(user, contact)) then return nil; end
	if is_refusal[letter] then
		refuse(origin, stanza, letter);
	elseif kind == "message" and letter == "p" then
		stanzas.strip_forgeries(stanza);
	elseif kind == "probe" or letter ~= "p" then
		local handler = kind == "probe" and answer_probe[letter] or apply[letter];
		handler({ kind = kind, origin = origin, stanza = stanza, user = user, contact = contact }, letter);
	end
	return letter;
end

-- Whether this very stanza was let go on by us; asked once.
local function is_passed(stanza)
	if not passed[stanza] then return false; end
	passed[stanza] = nil;
	return true;
end

return {
	ask = ask; overtake = overtake; each_later = each_later; answer_from_memory = answer_from_memory; is_passed = is_passed;
	mark_passed = function (stanza) passed[stanza] = true; end;
	set_replies = set_replies;
	let_pass = let_pass; put_off = put_off; refuse = refuse; answer_offline = answer_offline; answer_unsubscribed = answer_unsubscribed;
	unknown_are_silent = unknown_are_silent;
};

end
