-- Whatever the component says, and whoever else says it: the gate raises nothing, answers each
-- request once, and forgets what it waited for.
local world = require "world";
local st = world.st;

describe("the gate, told nonsense", function ()
	local w, seed, done;

	local bob, alice = "bob@example.org", "alice@example.net";
	local words = {
		"", "0", "-1", "9", ("9"):rep(400), "nan", "inf", "1e400", "p", "h", "o", "x", bob, alice, "😀@example.net", "gone@example.org",
		"bob@example.net", "example.org", "@", "a@b@c", ("x"):rep(2000) .. "@example.org", "urn:vestibule:gate:1", "block", "approve",
	};
	local names = {
		"approve", "deny", "add", "polite", "block", "unblock", "flush", "settled", "deliver", "state", "roster", "hello", "verdicts",
		"event", "checks", "held", "pair", "remember", "releasing", "bounce", "message", "nonsense",
	};
	local attributes = {
		"user", "contact", "id", "stamp", "again", "releasing", "places", "seconds", "scope", "version", "verdict", "type", "condition",
		"waiting", "in-order", "to", "from",
	};

	-- The same accidents each time.
	local function chance(most)
		seed = (seed * 1103515245 + 12345) % 2147483648;
		return seed // 65536 % most + 1;
	end

	local function any(list) return list[chance(#list)]; end

	local function nonsense(depth)
		local attr = { xmlns = chance(8) > 1 and "urn:vestibule:gate:1" or any { "jabber:client", "urn:other" } };
		if chance(4) > 1 then attr.user, attr.contact = bob, alice; end
		for _ = 1, chance(5) - 1 do attr[any(attributes)] = any(words); end
		local element = st.stanza(any(names), attr);
		if chance(3) == 1 then element:text(any(words)); end
		for _ = 1, depth > 0 and chance(4) - 1 or 0 do element:add_child(nonsense(depth - 1)); end
		return element;
	end

	before_each(function ()
		seed, done = 42, 0;
		local function act() done = done + 1; return true; end
		local function no() return false; end
		local roster = {
			of = function () return {}; end; facts = function () return {}; end; contacts = function () return {}; end;
			is_at_hand = no; is_claimed = no; is_pending = no; is_added = no; is_authorized = no;
			approve = act; deny = act; add = act; polite_block = act; approve_request = act; deny_request = act; clear_approval = act;
		};
		local blocklist = { edit = act; is_blocked = no; on_change = no };
		w = world.new({ libraries = { roster = roster, blocklist = blocklist } });
		w.load("mod_vestibule");
		w.turn();
		w.connect();
		w.fire("component-authenticated", {});
	end);

	local function greeted()
		for _, iq in ipairs(w.take_sent()) do
			w.fire("iq/host", w.answer(world.reply_to(iq, "hello-result")));
		end
	end

	local function write(n)
		local bounced = {};
		local origin = { type = "s2sin"; send = function (stanza) bounced[#bounced + 1] = stanza; end };
		local message = st.message({ from = alice, to = bob, id = "m" .. n, type = "chat" }, "Hello?");
		w.fire("message/bare", { origin = origin, stanza = message });
		w.turn();
		return bounced;
	end

	it("answers each act once", function ()
		greeted();
		for n = 1, 3000 do
			local iq = st.iq({ type = "set", id = "act" .. n, from = "vestibule.example.org", to = "example.org" }):add_child(nonsense(3));
			local handled = w.fire("iq/host", w.answer(iq));
			local answers = 0;
			for _, answer in ipairs(w.take_sent()) do
				if answer.attr.id == "act" .. n and (answer.attr.type == "result" or answer.attr.type == "error") then answers = answers + 1; end
			end
			assert.equal(handled and 1 or 0, answers);
		end
		assert.is_true(done > 0); -- some of it made sense
	end);

	it("does nothing that anybody else says", function ()
		greeted();
		local bounced = 0;
		local origin = { type = "c2s"; send = function () bounced = bounced + 1; end };
		for n = 1, 1000 do
			local from = any { "eve@example.org/x", "example.net", "other.example.org", "vestibule.example.org" };
			local iq = st.iq({ type = any { "set", "result", "error" }, id = any { "gate-9f3kQ2xW7aZd-1", "x" .. n }, from = from, to = "example.org" });
			w.fire("iq/host", { origin = origin, stanza = iq:add_child(nonsense(2)) });
		end
		assert.equal(0, done);
		assert.same({}, w.posted);
		assert.is_true(bounced > 0);
	end);

	it("ends each check whatever it is answered, and an answer said again is nobody's", function ()
		greeted();
		for n = 1, 500 do
			local bounced = write(n);
			for _, iq in ipairs(w.take_sent()) do
				local kind = chance(4) > 1 and "result" or "error";
				local function reply() return st.iq({ type = kind, id = iq.attr.id, from = "vestibule.example.org", to = "example.org" }); end
				local answer = reply():add_child(iq.tags[1] and iq.tags[1].name == "hello" and world.golden("hello-result").tags[1] or nonsense(2));
				assert.is_true(w.fire("iq/host", w.answer(answer)));
				assert.is_true(w.fire("iq/host", w.answer(st.clone(answer)))); -- taken, and nothing more
			end
			assert.is_true(#bounced <= 1);
		end
		assert.equal(0, #w.posted); -- nothing nobody allowed came through
	end);
end);
