-- The gate as a whole against the golden files that the component's tests read too.
local world = require "world";

describe("the gate", function ()
	local w, roster;

	local bob, alice, carol = "bob@example.org", "alice@example.net", "carol@example.net";

	-- A roster that knows what it is told here, and remembers what was done to it.
	local function fake_roster()
		local facts, done = {}, {};
		local function act(name, result)
			return function (user, contact, more)
				done[#done + 1] = table.concat({ name, user, contact, type(more) == "string" and more or nil }, " ");
				return table.unpack(result or {});
			end;
		end
		local function of(user, contact) return facts[user .. " " .. contact] or {}; end
		return {
			known = facts; done = done;
			facts = function (user, contact)
				local copy = {};
				for name, value in pairs(of(user, contact)) do copy[name] = value; end
				return copy;
			end;
			contacts = function () return { alice, carol }; end;
			is_at_hand = function () return true; end;
			is_claimed = function () return false; end;
			is_pending = function (user, contact) return of(user, contact).pending ~= nil; end;
			is_added = function (user, contact) return of(user, contact).ask ~= nil; end;
			is_authorized = function (user, contact)
				local subscription = of(user, contact).subscription;
				return subscription == "from" or subscription == "both";
			end;
			approve = act("approve"); deny = act("deny"); add = act("add"); polite_block = act("polite");
			approve_request = act("approve request"); deny_request = act("deny request");
			clear_approval = act("clear approval");
			blocklist = {
				edit = act("edit blocklist", { true }); is_blocked = function () return false; end; on_change = function () end;
			};
		};
	end

	before_each(function ()
		roster = fake_roster();
		w = world.new({ libraries = { roster = roster, blocklist = roster.blocklist } });
		w.load("mod_vestibule");
		w.turn();
	end);

	local function stranger(xml)
		local origin = { type = "s2sin"; bounced = {} };
		function origin.send(stanza) table.insert(origin.bounced, stanza); end
		return { origin = origin, stanza = world.received(xml) };
	end

	-- The stanza of one check or event of a golden file, as it came over the stream first.
	local function stanza_in(element)
		local event = stranger(tostring(element.tags[1]));
		local function bare(stanza)
			if stanza.attr.xmlns == "jabber:client" then stanza.attr.xmlns = nil; end
			for _, child in ipairs(stanza.tags) do bare(child); end
		end
		bare(event.stanza);
		return event;
	end

	local function bobs_client(presence)
		return { origin = { type = "c2s"; username = "bob"; host = "example.org" }, stanza = world.received(presence) };
	end

	local function last_sent()
		local sent = w.take_sent();
		return sent[#sent];
	end

	local function answer(iq, name)
		return w.fire("iq/host", w.answer(world.reply_to(iq, name)));
	end

	local function greeted()
		w.connect();
		w.fire("component-authenticated", {});
		answer(last_sent(), "hello-result");
		w.fire("iq/host", w.answer(world.golden("settled"))); -- hello-result names a pair being released
	end

	-- Compares but for the id, which counts up in a run.
	local function assert_golden(name, iq)
		local wanted = world.golden(name);
		assert.matches("^[%w-]+%-%d+$", iq.attr.id);
		iq.attr.id = wanted.attr.id;
		assert.equal(world.canonical(wanted), world.canonical(iq));
	end

	describe("says", function ()
		it("hello, with what happened while the component was away", function ()
			local journal = world.golden("hello"):get_child("hello", "urn:vestibule:gate:1");
			roster.known[bob .. " " .. alice] = { pending = "1" };
			w.fire("pre-presence/bare", bobs_client("<presence type='subscribed' to='" .. alice .. "'/>"));
			local request = stanza_in(journal.tags[2]);
			assert.is_true(w.fire("presence/bare", request));
			assert.equal("subscribe", w.posted[1].attr.type); -- Prosody goes on as ever

			w.connect();
			w.fire("component-authenticated", {});

			assert_golden("hello", last_sent());
		end);

		it("checks, in one IQ", function ()
			greeted();
			roster.known[bob .. " " .. carol] = { subscription = "from", ask = "1" };
			local wanted = world.golden("checks"):get_child("checks", "urn:vestibule:gate:1");
			w.fire("presence/bare", stanza_in(wanted.tags[1]));
			roster.known[bob .. " " .. alice] = { pending = "1" };
			w.fire("message/bare", stanza_in(wanted.tags[2]));
			w.fire("iq/full", stanza_in(wanted.tags[3]));
			-- Carol is authorised: she is asked about only while something of hers is under way.
			local releasing = world.golden("approve");
			releasing.tags[1].attr.contact = carol;
			w.fire("iq/host", w.answer(releasing));
			w.take_sent();
			w.fire("message/bare", stanza_in(wanted.tags[4]));

			w.turn();

			assert_golden("checks", last_sent());
		end);

		it("events about what the user does in a client", function ()
			greeted();
			roster.known[bob .. " " .. alice] = { subscription = "none", ask = "1", pending = "1" };

			w.fire("pre-presence/bare", bobs_client("<presence type='subscribed' to='" .. alice .. "/phone'/>"));

			assert_golden("event", last_sent());
		end);

		it("that somebody was unblocked, or everybody", function ()
			greeted();
			local iq = "<iq type='set'><unblock xmlns='urn:xmpp:blocking'/></iq>";

			w.fire("iq-set/self/urn:xmpp:blocking:unblock", bobs_client(iq));

			assert_golden("event-unblocked-all", last_sent());
		end);

		it("that an account was deleted", function ()
			greeted();

			w.fire("user-deleted", { username = "bob", host = "example.org" });

			assert_golden("event-deleted", last_sent());
		end);

		it("that checks were given up", function ()
			greeted();
			local wanted = world.golden("checks"):get_child("checks", "urn:vestibule:gate:1");
			for _ = 1, 4 do w.fire("presence/bare", stanza_in(wanted.tags[1])); end
			w.turn();
			local batch = last_sent();

			answer(batch, "checks-error");

			-- the report comes first, then the request that fell back
			local sent = w.take_sent();
			assert.equal(batch.attr.id, sent[1].tags[1].attr.batch);
			sent[1].tags[1].attr.batch = "gate-9f3kQ2xW7aZd-2";
			assert_golden("event-given-up", sent[1]);
			assert.equal("requested", sent[2].tags[1].attr.kind);
		end);

		it("that a request fell back", function ()
			greeted();
			local wanted = world.golden("event-requested").tags[1];
			w.fire("presence/bare", stanza_in(wanted));
			w.turn();

			answer(last_sent(), "checks-error");

			assert_golden("event-requested", last_sent());
		end);

		it("what it knows about pairs", function ()
			greeted();
			roster.known[bob .. " " .. alice] = { pending = "1" };
			roster.known[bob .. " " .. carol] = { subscription = "both" };

			w.fire("iq/host", w.answer(world.golden("state")));

			assert_golden("state-result", last_sent());
		end);

		it("who is in a roster", function ()
			greeted();
			roster.known[bob .. " " .. alice] = { subscription = "none", ask = "1" };
			roster.known[bob .. " " .. carol] = { subscription = "both" };

			w.fire("iq/host", w.answer(world.golden("roster")));

			assert_golden("roster-result", last_sent());
		end);
	end);

	it("announces that reports are taken as soon as it is told so, and no longer", function ()
		w.connect();
		w.fire("component-authenticated", {});
		assert.is_nil(w.features["urn:xmpp:reporting:1"]);
		answer(last_sent(), "hello-result");
		assert.is_true(w.features["urn:xmpp:reporting:1"]);

		w.fire("component-disconnected", {});
		w.fire("component-authenticated", {});
		local reply = world.reply_to(last_sent(), "hello-result");
		reply.tags[1].attr.reports = nil;
		w.fire("iq/host", w.answer(reply));
		assert.is_nil(w.features["urn:xmpp:reporting:1"]);
	end);

	describe("applies verdicts", function ()
		it("each to its check, and remembers what it may", function ()
			greeted();
			local wanted = world.golden("checks"):get_child("checks", "urn:vestibule:gate:1");
			local events = {};
			for place, name in ipairs({ "presence/bare", "message/bare", "iq/full", "message/bare" }) do
				events[place] = stanza_in(wanted.tags[place]);
				w.fire(name, events[place]);
			end
			w.turn();

			answer(last_sent(), "checks-result");

			assert.equal("subscribe", w.posted[1].attr.type); -- k: on its way to the user
			assert.equal(1, #w.posted); -- h: kept by the component
			assert.equal(1, #events[3].origin.bounced); -- r
			w.fire("iq/full", stanza_in(wanted.tags[3]));
			w.turn();
			assert.same({}, w.take_sent()); -- remembered
			roster.known[bob .. " " .. carol] = { subscription = "from" };
			w.fire("message/bare", stanza_in(wanted.tags[4]));
			w.turn();
			assert.equal(1, #w.take_sent()); -- releasing: no short cut, though she is authorised
		end);

		it("in the words the component gave at hello", function ()
			greeted();
			local event = stanza_in(world.golden("checks"):get_child("checks", "urn:vestibule:gate:1").tags[2]);
			w.fire("message/bare", event);
			w.turn();

			local reply = world.reply_to(last_sent(), "checks-result");
			reply.tags[1][1] = "b";
			w.fire("iq/host", w.answer(reply));

			local kind, condition, text = event.origin.bounced[1]:get_error();
			assert.same({ "auth", "subscription-required", "Add this person as a contact first." }, { kind, condition, text });
		end);

		it("in other words to somebody whose request waits", function ()
			greeted();
			local event = stanza_in(world.golden("checks"):get_child("checks", "urn:vestibule:gate:1").tags[2]);
			roster.known[bob .. " " .. alice] = { pending = "1" };
			w.fire("message/bare", event);
			w.turn();

			local reply = world.reply_to(last_sent(), "checks-result");
			reply.tags[1][1] = "b";
			reply.tags[1]:maptags(function () return nil; end);
			reply.tags[1]:tag("remember", { places = "1", seconds = "300" }):up();
			w.fire("iq/host", w.answer(reply));
			w.fire("message/bare", event); -- told by heart

			assert.equal(2, #event.origin.bounced);
			for _, bounced in ipairs(event.origin.bounced) do
				assert.equal("Please wait for the answer.", (select(3, bounced:get_error())));
			end
		end);

		it("no longer from memory once the contact went away", function ()
			greeted();
			local function writes()
				local event = stanza_in(world.golden("checks"):get_child("checks", "urn:vestibule:gate:1").tags[2]);
				w.fire("message/bare", event);
				w.turn();
				return #w.take_sent() > 0;
			end
			local function goes()
				w.fire("presence/bare", stranger(("<presence type='unsubscribed' from='%s' to='%s'/>"):format(alice, bob)));
			end
			local check = stanza_in(world.golden("checks"):get_child("checks", "urn:vestibule:gate:1").tags[2]);
			w.fire("message/bare", check);
			w.turn();
			local reply = world.reply_to(last_sent(), "checks-result");
			reply.tags[1][1] = "p";
			reply.tags[1]:maptags(function () return nil; end);
			reply.tags[1]:tag("remember", { places = "1", seconds = "300" }):up();
			w.fire("iq/host", w.answer(reply));

			goes(); -- a stranger's: nothing changes
			assert.is_false(writes());
			roster.known[bob .. " " .. alice] = { ask = "1" };
			goes();
			assert.is_true(writes());
		end);

		for letter, expected in pairs({ a = "approve request", n = "deny request", o = "polite" }) do
			it("to a request: " .. letter, function ()
				greeted();
				w.fire("presence/bare", stanza_in(world.golden("event-requested").tags[1]));
				w.turn();

				local reply = world.reply_to(last_sent(), "checks-result");
				reply.tags[1][1] = letter;
				w.fire("iq/host", w.answer(reply));

				assert.same({ expected .. " " .. bob .. " " .. carol }, roster.done);
			end);
		end

		it("but not one made before the user decided otherwise: it asks again", function ()
			greeted();
			w.fire("presence/bare", stanza_in(world.golden("event-requested").tags[1]));
			w.turn();
			local batch = last_sent();
			w.fire("pre-presence/bare", bobs_client("<presence type='unsubscribed' to='" .. carol .. "'/>"));
			w.take_sent();
			roster.done[1] = nil; -- the clearing of a pre-approval

			local reply = world.reply_to(batch, "checks-result");
			reply.tags[1][1] = "a";
			w.fire("iq/host", w.answer(reply));
			w.turn();

			assert.same({}, roster.done);
			assert.equal("checks", last_sent().tags[1].name);
		end);
	end);

	describe("keeps the order", function ()
		local function message(body)
			return stranger("<message type='chat' from='alice@example.net/phone' to='bob@example.org'><body>" .. body .. "</body></message>");
		end

		local function bodies(iq)
			local out = {};
			for check in iq:get_child("checks", "urn:vestibule:gate:1"):childtags("check") do
				out[#out + 1] = check.tags[1]:get_child_text("body", "jabber:client") or check.tags[1].name;
			end
			return table.concat(out, " ");
		end

		it("of what is asked again, and of what came behind it", function ()
			greeted();
			w.fire("message/bare", message("one"));
			w.turn();
			local first = last_sent();
			w.fire("message/bare", message("two"));
			w.turn();
			local second = last_sent();
			w.fire("pre-presence/bare", bobs_client("<presence type='unsubscribed' to='" .. alice .. "'/>"));
			w.fire("message/bare", message("three"));
			w.turn();
			w.take_sent();

			for _, batch in ipairs({ first, second }) do
				local reply = world.reply_to(batch, "checks-result");
				reply.tags[1][1] = "p";
				w.fire("iq/host", w.answer(reply));
			end
			w.turn();

			assert.same({}, w.posted);
			local asked = {};
			for _, iq in ipairs(w.take_sent()) do asked[#asked + 1] = bodies(iq); end
			assert.equal("one two three", table.concat(asked, " "));
		end);

		it("when all of it is given up", function ()
			greeted();
			local first = message("one");
			w.fire("message/bare", first);
			w.turn();
			w.fire("pre-presence/bare", bobs_client("<presence type='unsubscribed' to='" .. alice .. "'/>"));
			local later = message("two");
			w.fire("message/bare", later);
			w.take_sent();

			w.time = w.time + 5;
			w.timers[1].callback(); -- the sweep: nobody answered

			assert.equal(1, #first.origin.bounced);
			assert.equal(1, #later.origin.bounced);
		end);
	end);

	describe("acts", function ()
		before_each(function () greeted(); end);

		for name, expected in pairs({
			approve = "approve bob@example.org alice@example.net";
			deny = "deny bob@example.org alice@example.net";
			add = "add bob@example.org alice@example.net";
			polite = "polite bob@example.org alice@example.net";
			block = "edit blocklist bob@example.org example.com block";
			unblock = "edit blocklist bob@example.org alice@example.net unblock";
		}) do
			it("in the user's name: " .. name, function ()
				local iq = world.golden(name);

				w.fire("iq/host", w.answer(iq));

				assert.same({ expected }, roster.done);
				local reply = last_sent();
				assert.equal(iq.attr.id, reply.attr.id);
				assert_golden("act-result", reply);
			end);
		end

		it("and settles and flushes without touching the roster", function ()
			for _, name in ipairs({ "settled", "flush" }) do
				w.fire("iq/host", w.answer(world.golden(name)));
				assert_golden("act-result", last_sent());
			end
			assert.same({}, roster.done);
		end);

		it("and delivers with the original time, in order, once", function ()
			w.fire("iq/host", w.answer(world.golden("deliver")));
			assert_golden("act-result", last_sent());
			w.fire("iq/host", w.answer(world.golden("deliver")));

			assert.equal(2, #w.posted);
			for place, stamp in ipairs({ "2025-11-03T12:00:00.000Z", "2025-11-03T12:00:05.250Z" }) do
				local message = w.posted[place];
				assert.same({ xmlns = "urn:xmpp:delay", from = "example.org", stamp = stamp },
					message:get_child("delay", "urn:xmpp:delay").attr);
				assert.equal(bob, message.attr.to);
			end
			assert.equal("Hello & good day", w.posted[1]:get_child_text("body"));
		end);

		it("and delivers nothing that the user may have refused, or that was given up", function ()
			w.fire("pre-presence/bare", bobs_client("<presence type='unsubscribed' to='" .. alice .. "'/>"));
			w.fire("iq/host", w.answer(world.golden("deliver")));
			assert.same({ "wait", "unexpected-request" }, { last_sent():get_error() });

			w.fire("component-disconnected", {});
			w.fire("component-authenticated", {}); -- greeting
			w.take_sent();
			w.fire("iq/host", w.answer(world.golden("deliver")));

			assert.same({ "wait", "unexpected-request" }, { last_sent():get_error() });
			assert.same({}, w.posted);
		end);

		it("and lets what it delivers pass without a check", function ()
			w.fire("iq/host", w.answer(world.golden("approve")));
			w.fire("iq/host", w.answer(world.golden("deliver")));
			w.take_sent();

			assert.is_nil(w.fire("message/bare", { origin = {}, stanza = w.posted[1] }));

			w.turn();
			assert.same({}, w.take_sent());
		end);

		for _, name in ipairs({ "approve", "deny", "add", "polite" }) do
			it("but not against what the user decided since: " .. name, function ()
				w.fire("pre-presence/bare", bobs_client("<presence type='unsubscribed' to='" .. alice .. "'/>"));
				local event = last_sent();
				roster.done[1] = nil; -- the clearing of a pre-approval
				local act = world.golden(name);

				w.fire("iq/host", w.answer(act));
				assert.same({}, roster.done);
				assert_golden("act-result", last_sent());

				answer(event, "event-result");
				w.fire("iq/host", w.answer(act));
				assert.equal(1, #roster.done);
			end);
		end

		it("and says why it cannot", function ()
			roster.blocklist.edit = function () return nil, "mod_blocklist is not loaded"; end;

			w.fire("iq/host", w.answer(world.golden("block")));

			assert_golden("act-error", last_sent());
		end);
	end);

	describe("refuses", function ()
		before_each(function () greeted(); end);

		local function condition_of(stanza)
			local kind, condition = stanza:get_error();
			return kind .. " " .. condition;
		end

		local function refused(change, origin)
			local iq = world.golden("approve");
			change(iq);
			local answered = {};
			local from = origin or w.session;
			local send = from.send;
			from.send = function (stanza) answered[#answered + 1] = stanza; end;
			assert.is_true(w.fire("iq/host", w.answer(iq, from)));
			from.send = send;
			assert.same({}, roster.done);
			return condition_of(answered[1]);
		end

		it("acts from anybody but the component's stream", function ()
			assert.equal("auth forbidden", refused(function () end, { type = "c2s" }));
		end);

		it("acts from another address of the component", function ()
			assert.equal("auth forbidden", refused(function (iq) iq.attr.from = "door@vestibule.example.org"; end));
		end);

		it("acts it does not know", function ()
			assert.equal("modify bad-request", refused(function (iq) iq.tags[1].name = "promote"; end));
		end);

		it("acts about users of another host, or about nobody", function ()
			assert.equal("modify bad-request", refused(function (iq) iq.tags[1].attr.user = "bob@example.com"; end));
			assert.equal("modify bad-request", refused(function (iq) iq.tags[1].attr.contact = nil; end));
		end);

		it("acts about accounts that do not exist", function ()
			assert.equal("cancel item-not-found", refused(function (iq) iq.tags[1].attr.user = "gone@example.org"; end));
		end);
	end);
end);
