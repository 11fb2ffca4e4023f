local world = require "world";

describe("stanzas", function ()
	local w, stanzas;

	before_each(function ()
		w = world.new();
		stanzas = w.load("stanzas.lib");
	end);

	-- As it would come back: inside an act, on a component stream.
	local function there_and_back(stanza)
		local wire = "<held xmlns='urn:vestibule:gate:1'>" .. stanzas.to_wire(stanza) .. "</held>";
		return stanzas.from_wire(world.parsed(wire).tags[1]);
	end

	local function a_message()
		return world.st.message({ type = "chat", id = "a1", from = "alice@example.net/phone", to = "bob@example.org" }, "Hello");
	end

	it("say their namespace on the wire and are left as they were", function ()
		local message = a_message();

		local wire = stanzas.to_wire(message);

		assert.matches("xmlns='jabber:client'", wire, 1, true);
		assert.is_nil(message.attr.xmlns);
	end);

	it("are written as Prosody writes them", function ()
		local message = a_message():text("<&'\">\n\t"):tag("x", { xmlns = "urn:x", ["urn:y\1b"] = "'1'", ["urn:z\1c"] = "2" })
			:tag("inside", { xmlns = "urn:x" }):up():tag("nothing"):up():tag("other", { xmlns = "" }):text("deep"):up():up()
			:tag("body", { xmlns = "jabber:client", ["xml:lang"] = "de" }):text("Hallo"):up();
		local whole = world.st.clone(message);
		whole.attr.xmlns = "jabber:client";

		assert.equal(world.canonical(world.parsed(tostring(whole))), world.canonical(world.parsed(stanzas.to_wire(message))));
		assert.equal(#tostring(whole), #stanzas.to_wire(message)); -- nothing is said twice
	end);

	it("come back as they went", function ()
		local message = a_message():tag("active", { xmlns = "http://jabber.org/protocol/chatstates" }):up();

		local back = there_and_back(message);

		assert.equal(world.canonical(message), world.canonical(back));
		assert.equal("Hello", back:get_child_text("body"));
		assert.is_nil(back:get_child("body").attr.xmlns);
	end);

	it("come back with a stanza nested in them that keeps its namespace", function ()
		local inner = world.st.message({ xmlns = "jabber:client", from = "carol@example.net" })
			:tag("body"):text("forwarded"):up();
		local message = a_message():tag("forwarded", { xmlns = "urn:xmpp:forward:0" }):add_child(inner):up();

		local back = there_and_back(message);

		local forwarded = back:get_child("forwarded", "urn:xmpp:forward:0");
		local found = forwarded:get_child("message", "jabber:client");
		assert.equal("forwarded", found:get_child_text("body", "jabber:client"));
		assert.equal(world.canonical(message, "jabber:client"), world.canonical(back, "jabber:client"));
	end);

	it("come back with elements of an empty namespace as they were", function ()
		local message = a_message():tag("x", { xmlns = "jabber:x:data" }):tag("field", { var = "a" }):up():up();

		local back = there_and_back(message);

		assert.equal("a", back:get_child("x", "jabber:x:data"):get_child("field").attr.var);
	end);

	it("keep what is special in XML", function ()
		local message = world.st.message({ from = "o'hara@example.net/\"<&>" }, "<&> ' \" \195\164");

		local back = there_and_back(message);

		assert.equal("<&> ' \" \195\164", back:get_child_text("body"));
		assert.equal("o'hara@example.net/\"<&>", back.attr.from);
	end);

	it("keep the language of their words", function ()
		local message = a_message();
		message.attr["xml:lang"] = "de";

		assert.equal("de", there_and_back(message).attr["xml:lang"]);
	end);

	describe("are chatter", function ()
		local function with(...)
			local message = world.st.message({ from = "alice@example.net" });
			for _, child in ipairs({ ... }) do message:tag(child[1], { xmlns = child[2] }):up(); end
			return stanzas.is_chatter(message);
		end

		it("without any content", function ()
			assert.is_true(with());
		end);

		it("with a typing notification, a receipt, a marker, hints and a thread", function ()
			assert.is_true(with({ "composing", "http://jabber.org/protocol/chatstates" }, { "thread" }));
			assert.is_true(with({ "received", "urn:xmpp:receipts" }));
			assert.is_true(with({ "displayed", "urn:xmpp:chat-markers:0" }, { "store", "urn:xmpp:hints" }));
		end);

		it("but not with a body, or with something unknown", function ()
			assert.is_false(with({ "body" }));
			assert.is_false(with({ "composing", "http://jabber.org/protocol/chatstates" }, { "encrypted", "urn:xmpp:omemo:2" }));
		end);
	end);

	describe("lose what strangers may not claim", function ()
		it("an exchange of contacts", function ()
			local message = a_message():tag("x", { xmlns = "http://jabber.org/protocol/rosterx" }):up();

			stanzas.strip_forgeries(message);

			assert.is_nil(message:get_child("x", "http://jabber.org/protocol/rosterx"));
			assert.equal("Hello", message:get_child_text("body"));
		end);

		it("a delay stamp in the name of one of our hosts", function ()
			local message = a_message():tag("delay", { xmlns = "urn:xmpp:delay", from = "example.org", stamp = "x" }):up();

			stanzas.strip_forgeries(message);

			assert.is_nil(message:get_child("delay", "urn:xmpp:delay"));
		end);

		it("but not a delay stamp of their own server, or of nobody", function ()
			local message = a_message()
				:tag("delay", { xmlns = "urn:xmpp:delay", from = "example.net", stamp = "x" }):up()
				:tag("delay", { xmlns = "urn:xmpp:delay", stamp = "y" }):up();

			stanzas.strip_forgeries(message);

			assert.equal(3, #message.tags);
		end);
	end);
end);
