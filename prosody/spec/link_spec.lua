local world = require "world";

describe("the link", function ()
	local w, link, calls;

	-- What the caller was told, in order, as short words.
	local function open(wishes)
		w = world.new(wishes);
		link = w.load("link.lib");
		calls = {};
		local function told(...) calls[#calls + 1] = table.concat({ ... }, " "); end
		link.on.opened = function () told("opened"); end;
		link.on.closed = function () told("closed"); end;
		link.on.verdict = function (check, letter) told("verdict", check.name, letter); end;
		link.on.gave_up = function (check) told("gave up", check.name); end;
		link.on.event_done = function (kind, user, contact) told("event done", kind, tostring(user), tostring(contact)); end;
	end

	local function last_sent()
		local sent = w.take_sent();
		return sent[#sent];
	end

	local function answer(iq, name, origin)
		return link.on_reply(w.answer(world.reply_to(iq, name), origin));
	end

	-- Connected, greeted and with the waker proved.
	local function open_and_greet(wishes)
		open(wishes);
		w.connect();
		w.turn();
		link.greet();
		answer(last_sent(), "hello-result");
		calls = {};
	end

	local function check(name, size)
		return {
			name = name; kind = "message"; user = "bob@example.org"; contact = "alice@example.net";
			stanza = world.st.message({}, ("x"):rep(size or 1));
		};
	end

	local function verdicts(iq, letters, remarks)
		return w.answer(world.received("<iq type='result' id='" .. iq.attr.id
			.. "' from='vestibule.example.org' to='example.org'><verdicts xmlns='urn:vestibule:gate:1'>"
			.. letters .. (remarks or "") .. "</verdicts></iq>"));
	end

	-- The kinds of the events in a hello, in order.
	local function journal_of(hello)
		local kinds = {};
		for event in hello:get_child("hello", link.xmlns):childtags("event") do
			kinds[#kinds + 1] = event.attr.kind;
		end
		return table.concat(kinds, " ");
	end

	describe("before the component is there", function ()
		before_each(function () open(); end);

		it("asks nothing and sends nothing", function ()
			assert.is_false(link.ask(check("one")));
			link.greet();

			assert.same({}, w.take_sent());
			assert.is_false(link.is_open());
		end);

		it("keeps events for the hello", function ()
			assert.is_false(link.event("approved", { user = "bob@example.org", contact = "alice@example.net" }));
			link.event("denied", { user = "bob@example.org", contact = "carol@example.net" });
			w.connect();

			link.greet();

			assert.equal("approved denied", journal_of(last_sent()));
		end);
	end);

	describe("greeting", function ()
		before_each(function ()
			open();
			w.connect();
			link.greet();
		end);

		it("says hello with its version", function ()
			local hello = last_sent():get_child("hello", "urn:vestibule:gate:1");

			assert.same({ xmlns = "urn:vestibule:gate:1", version = "1", prosody = "13.0.1" }, hello.attr);
		end);

		it("turns Nagle's algorithm off", function ()
			assert.is_true(w.session.conn.options["tcp-nodelay"]);
		end);

		it("asks nothing until it is answered", function ()
			assert.is_false(link.ask(check("one")));
			assert.is_false(link.is_open());
		end);

		it("is open when the component answers in the same version", function ()
			answer(last_sent(), "hello-result");

			assert.is_true(link.is_open());
			assert.same({ "opened" }, calls);
			assert.equal("info: Connected to vestibule.example.org", w.status);
		end);

		it("stays closed for another version, and says what to do", function ()
			local hello = last_sent();
			local reply = world.reply_to(hello, "hello-result");
			reply.tags[1].attr.version = "2";

			link.on_reply(w.answer(reply));

			assert.is_false(link.is_open());
			assert.matches("update the older of both", w.status, 1, true);
			assert.same({}, calls);
		end);

		it("stays closed when the component refuses, and tells its words", function ()
			answer(last_sent(), "hello-error");

			assert.is_false(link.is_open());
			assert.matches("This component speaks version 1", w.status, 1, true);
		end);

		it("greets again a while after the component could not write, and only then", function ()
			answer(last_sent(), "event-error");
			assert.is_false(link.is_open());
			assert.same({}, w.take_sent());

			assert.equal(5, w.timers[1].delay);
			w.timers[1].callback();
			answer(last_sent(), "hello-result");
			w.timers[1].callback();

			assert.is_true(link.is_open());
			assert.same({}, w.take_sent());
		end);

		it("greets again when something happened meanwhile, and opens after that", function ()
			local first = last_sent();
			link.event("approved", { user = "bob@example.org", contact = "alice@example.net" });
			answer(first, "hello-result");

			local second = last_sent();
			assert.is_false(link.is_open());
			assert.equal("approved", journal_of(second));
			answer(second, "hello-result");

			assert.is_true(link.is_open());
			assert.same({ "opened" }, calls);
		end);

		it("does not repeat what a hello delivered", function ()
			link.event("approved", { user = "bob@example.org", contact = "alice@example.net" });
			answer(last_sent(), "hello-result");
			answer(last_sent(), "hello-result");

			link.greet();

			assert.equal("", journal_of(last_sent()));
		end);
	end);

	describe("asking", function ()
		before_each(function () open_and_greet(); end);

		it("sends all checks of one turn in one IQ, in order", function ()
			for _, name in ipairs({ "one", "two", "three" }) do assert.is_true(link.ask(check(name))); end
			assert.same({}, w.take_sent());

			w.turn();

			local sent = w.take_sent();
			assert.equal(1, #sent);
			assert.equal(3, #sent[1]:get_child("checks", link.xmlns).tags);
		end);

		it("sends each check at once where the loop cannot be woken", function ()
			open_and_greet({ stubs = { ["socket"] = {} } });

			link.ask(check("one"));
			link.ask(check("two"));

			assert.equal(2, #w.take_sent());
		end);

		describe("where checks come one by one", function ()
			-- One check, asked and answered.
			local function one_alone()
				link.ask(check("before"));
				w.turn();
				link.on_reply(verdicts(last_sent(), "p"));
			end

			it("sends the next at once", function ()
				one_alone();
				link.ask(check("one"));
				assert.equal(1, #w.take_sent());
			end);

			it("lets those that follow it leave together", function ()
				one_alone();
				for number = 1, 9 do link.ask(check("n" .. number)); end
				assert.equal(1, #w.take_sent());

				w.turn();
				assert.equal(8, #last_sent():get_child("checks", link.xmlns).tags);
			end);

			it("does so no more once many have come together", function ()
				one_alone();
				for number = 1, 9 do link.ask(check("n" .. number)); end
				w.turn();
				local sent = w.take_sent();
				link.on_reply(verdicts(sent[1], "p"));
				link.on_reply(verdicts(sent[2], ("p"):rep(8)));

				link.ask(check("one"));
				assert.same({}, w.take_sent());
			end);
		end);

		it("puts a batch on the wire itself, not a turn later", function ()
			local put = {};
			function w.session.conn.onwritable() put[#put + 1] = #w.take_sent(); end
			link.ask(check("one"));
			link.ask(check("two"));

			w.turn();

			assert.same({ 1 }, put);
		end);

		it("sends a batch when it has 64 checks", function ()
			for number = 1, 65 do link.ask(check("n" .. number)); end
			assert.equal(64, #last_sent():get_child("checks", link.xmlns).tags);

			w.turn();
			assert.equal(1, #last_sent():get_child("checks", link.xmlns).tags);
		end);

		it("sends a batch when it has 48 kB", function ()
			link.ask(check("one", 30 * 1024));
			link.ask(check("two", 30 * 1024));

			assert.equal(1, #w.take_sent());
		end);

		it("applies the verdicts in order", function ()
			link.ask(check("one"));
			link.ask(check("two"));
			w.turn();

			link.on_reply(verdicts(last_sent(), "ph"));

			assert.same({ "verdict one p", "verdict two h" }, calls);
		end);

		it("gives remarks to the checks they name", function ()
			local one, two, three = check("one"), check("two"), check("three");
			for _, each in ipairs({ one, two, three }) do link.ask(each); end
			w.turn();

			link.on_reply(verdicts(last_sent(), "php",
				"<remember seconds='60' places='1 9'/><releasing places='2'/><remember seconds='5' scope='strangers' places='3 2'/>"));

			assert.same({ lifetime = 60, any = false }, one.remember);
			assert.is_nil(one.is_releasing);
			assert.is_true(two.is_releasing);
			assert.same({ lifetime = 5, any = true }, two.remember);
			assert.same({ lifetime = 5, any = true }, three.remember);
		end);

		it("gives a batch up whose verdicts are too few, and reports it", function ()
			link.ask(check("one"));
			link.ask(check("two"));
			w.turn();
			local batch = last_sent();

			link.on_reply(verdicts(batch, "p"));

			local event = last_sent():get_child("event", link.xmlns);
			assert.same({ xmlns = link.xmlns, kind = "given-up", batch = batch.attr.id, checks = "2" }, event.attr);
			assert.same({ "gave up one", "gave up two" }, calls);
		end);

		it("gives a batch up that is answered with an error", function ()
			link.ask(check("one"));
			w.turn();

			answer(last_sent(), "checks-error");

			assert.equal("given-up", last_sent():get_child("event", link.xmlns).attr.kind);
			assert.same({ "gave up one" }, calls);
		end);

		it("refuses to ask more than it may have outstanding, until some are answered", function ()
			open_and_greet({ options = { vestibule_max_outstanding = 2 } });
			assert.is_true(link.ask(check("one")));
			assert.is_true(link.ask(check("two")));
			assert.is_false(link.ask(check("three")));

			w.turn();
			link.on_reply(verdicts(last_sent(), "pp"));

			assert.is_true(link.ask(check("three")));
		end);
	end);

	describe("telling", function ()
		before_each(function () open_and_greet(); end);

		it("lets an event leave behind the checks gathered so far", function ()
			link.ask(check("one"));

			assert.is_true(link.event("approved", { user = "bob@example.org", contact = "alice@example.net" }));

			local sent = w.take_sent();
			assert.equal("checks", sent[1].tags[1].name);
			assert.equal("event", sent[2].tags[1].name);
		end);

		it("lets an event that may wait leave ahead of the checks about others, written before it is sent", function ()
			link.ask(check("one"));
			local before = w.stores.vestibule_journal.writes;
			link.event("added", { user = "carol@example.org", contact = "alice@example.net" }, true);
			assert.same({}, w.take_sent());
			function w.session.send(xml)
				assert.equal(before + 1, w.stores.vestibule_journal.writes);
				table.insert(w.sent, xml);
			end
			link.ask(check("two"));
			w.turn();

			local sent = w.take_sent();
			assert.equal("event", sent[1].tags[1].name);
			assert.equal(2, #sent[2].tags[1].tags);
		end);

		it("lets it leave behind the checks about its user", function ()
			link.ask(check("one"));
			link.event("added", { user = check("one").user, contact = "alice@example.net" }, true);
			link.ask(check("two"));
			w.turn();

			local sent = w.take_sent();
			assert.equal("checks", sent[1].tags[1].name);
			assert.equal("event", sent[2].tags[1].name);
			assert.equal("checks", sent[3].tags[1].name);
		end);

		it("lets what may wait leave ahead of what may not", function ()
			link.event("added", { user = "bob@example.org", contact = "alice@example.net" }, true);
			link.event("denied", { user = "bob@example.org", contact = "alice@example.net" });

			local sent = w.take_sent();
			assert.equal("added", sent[1].tags[1].attr.kind);
			assert.equal("denied", sent[2].tags[1].attr.kind);
		end);

		it("leaves what waited to the next hello when the component could not take what was before", function ()
			link.event("denied", { user = "bob@example.org", contact = "alice@example.net" });
			local denied = last_sent();
			link.event("added", { user = "bob@example.org", contact = "alice@example.net" }, true);
			answer(denied, "event-error");
			w.turn();
			assert.same({}, w.take_sent());

			w.timers[1].callback();

			assert.equal("denied added", journal_of(last_sent()));
		end);

		it("has what may wait on disk when the turn ends, though the component is away", function ()
			link.lost({ session = w.session });
			link.event("added", { user = "bob@example.org", contact = "alice@example.net" }, true);
			w.turn();
			open({ stores = w.stores });
			w.connect();

			link.greet();

			assert.equal("added", journal_of(last_sent()));
		end);

		it("acknowledges an event that is answered", function ()
			link.event("approved", { user = "bob@example.org", contact = "alice@example.net" });
			answer(last_sent(), "event-result");
			assert.same({ "event done approved bob@example.org alice@example.net" }, calls);

			link.greet();

			assert.equal("", journal_of(last_sent()));
		end);

		it("says nothing more until the component could take in what happened, in order", function ()
			link.event("approved", { user = "bob@example.org", contact = "alice@example.net" });
			answer(last_sent(), "event-error");
			assert.same({ "closed" }, calls);
			assert.equal(5, w.timers[1].delay);

			link.event("denied", { user = "bob@example.org", contact = "alice@example.net" });
			w.timers[1].callback();

			assert.equal("approved denied", journal_of(last_sent()));
		end);

		it("keeps it for the next hello too, if there is one first", function ()
			link.event("approved", { user = "bob@example.org", contact = "alice@example.net" });
			answer(last_sent(), "event-error");

			link.greet();
			w.timers[1].callback();

			assert.equal("approved", journal_of(last_sent()));
		end);

		it("does not keep an event that the component will never take", function ()
			link.event("approved", { user = "bob@example.org", contact = "alice@example.net" });
			answer(last_sent(), "hello-error");

			link.greet();

			assert.equal("", journal_of(last_sent()));
		end);

		it("escapes what people wrote", function ()
			link.event("approved", { user = "bob@example.org", contact = "o'neil&co@example.net" });

			assert.equal("o'neil&co@example.net", last_sent().tags[1].attr.contact);

			local about = check("one");
			about.contact = "o'neil&co@example.net";
			link.ask(about, { subscription = "none" });
			w.turn();

			local asked = last_sent().tags[1].tags[1].attr;
			assert.same({ kind = "message", user = "bob@example.org", contact = "o'neil&co@example.net", subscription = "none" },
				{ kind = asked.kind, user = asked.user, contact = asked.contact, subscription = asked.subscription });
		end);
	end);

	describe("when the component is silent", function ()
		local batch;

		before_each(function ()
			open_and_greet();
			link.ask(check("one"));
			w.turn();
			batch = last_sent();
			link.ask(check("two")); -- not sent yet
		end);

		it("waits as long as it was told", function ()
			w.time = w.time + 4.9;

			link.sweep();

			assert.is_true(link.is_open());
			assert.same({}, calls);
		end);

		it("gives everything up, reports it at hello, and asks nothing more", function ()
			w.time = w.time + 5;
			link.sweep();

			assert.same({ "closed", "gave up one", "gave up two" }, calls);
			assert.is_false(link.ask(check("three")));
			assert.equal("given-up given-up", journal_of(last_sent()));
			assert.equal("warn: vestibule.example.org does not answer", w.status);
		end);

		it("takes no notice of a late verdict, and opens when hello is answered", function ()
			w.time = w.time + 5;
			link.sweep();
			local hello = last_sent();
			calls = {};

			assert.is_true(link.on_reply(verdicts(batch, "p")));
			assert.same({}, calls);
			answer(hello, "hello-result");

			assert.same({ "opened" }, calls);
			assert.is_true(link.ask(check("three")));
		end);

		it("keeps to an own time-out", function ()
			open_and_greet({ options = { vestibule_timeout = 1 } });
			link.ask(check("one"));
			w.turn();
			w.time = w.time + 1;

			link.sweep();

			assert.same({ "closed", "gave up one" }, calls);
		end);
	end);

	describe("when the component is lost", function ()
		before_each(function ()
			open_and_greet();
			link.ask(check("one"));
			w.turn();
			w.take_sent();
		end);

		it("gives everything up and says it at the next hello", function ()
			w.disconnect();
			link.lost({ session = w.session });
			assert.same({ "closed", "gave up one" }, calls);
			assert.is_false(link.ask(check("two")));

			w.connect();
			link.greet();

			assert.equal("given-up", journal_of(last_sent()));
		end);

		it("takes no notice of another connection that only named the component", function ()
			link.lost({ session = {} });

			assert.same({}, calls);
			assert.is_true(link.ask(check("two")));
		end);

		it("has given up nothing that was answered", function ()
			link.ask(check("two"));
			w.turn();
			link.on_reply(verdicts(last_sent(), "p"));
			calls = {};

			link.lost({ session = w.session });

			assert.same({ "closed", "gave up one" }, calls);
		end);

		it("is lost once", function ()
			link.lost({ session = w.session });
			calls = {};

			link.lost({ session = w.session });

			assert.same({}, calls);
		end);

		it("replays an event whose acknowledgement was lost with it", function ()
			link.event("approved", { user = "bob@example.org", contact = "alice@example.net" });
			w.take_sent();
			link.lost({ session = w.session });

			link.greet();

			assert.equal("approved given-up", journal_of(last_sent()));
		end);

		it("remembers over a restart of Prosody what was not acknowledged", function ()
			link.event("denied", { user = "bob@example.org", contact = "alice@example.net" });
			open({ stores = w.stores });
			w.connect();

			link.greet();

			assert.equal("denied", journal_of(last_sent()));
		end);
	end);

	describe("listens", function ()
		local batch;

		before_each(function ()
			open_and_greet();
			link.ask(check("one"));
			w.turn();
			batch = last_sent();
		end);

		it("to the component's own stream only", function ()
			local event = verdicts(batch, "p");
			event.origin = { type = "c2s" };

			assert.is_nil(link.on_reply(event));
			assert.same({}, calls);
		end);

		it("to the component's own address only", function ()
			local event = verdicts(batch, "p");
			event.stanza.attr.from = "door@vestibule.example.org";

			assert.is_nil(link.on_reply(event));
			assert.same({}, calls);
		end);

		it("to answers only", function ()
			local event = verdicts(batch, "p");
			event.stanza.attr.type = "set";

			assert.is_nil(link.on_reply(event));
		end);

		it("to answers to what was asked", function ()
			local event = verdicts(batch, "p");
			event.stanza.attr.id = "other-1";

			assert.is_nil(link.on_reply(event));
		end);

		it("to each answer once", function ()
			link.on_reply(verdicts(batch, "p"));
			calls = {};

			link.on_reply(verdicts(batch, "p"));

			assert.same({}, calls);
		end);
	end);
end);
