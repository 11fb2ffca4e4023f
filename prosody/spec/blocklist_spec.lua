local world = require "world";
local st = world.st;

describe("block lists", function ()
	local w, blocklist, asked, listed, changes;

	local bob = "bob@example.org";

	-- mod_blocklist, as far as it can be asked.
	local function on_get(event)
		asked = asked + 1;
		local reply = st.reply(event.stanza):tag("blocklist", { xmlns = "urn:xmpp:blocking" });
		for _, jid in ipairs(listed) do reply:tag("item", { jid = jid }):up(); end
		event.origin.send(reply);
		return true;
	end

	local function on_change(event)
		local action = event.stanza.tags[1];
		changes[#changes + 1] = action.name .. " " .. action.tags[1].attr.jid;
		assert.is_table(w.prosody.hosts["example.org"].sessions.bob.sessions); -- it walks them
		event.origin.send(st.reply(event.stanza));
		return true;
	end

	before_each(function ()
		w = world.new();
		blocklist = w.load("blocklist.lib");
		asked, listed, changes = 0, {}, {};
	end);

	local function with_mod_blocklist()
		w.module:hook("iq-get/self/urn:xmpp:blocking:blocklist", on_get);
		w.module:hook("iq-set/self/urn:xmpp:blocking:block", on_change);
		w.module:hook("iq-set/self/urn:xmpp:blocking:unblock", on_change);
	end

	it("name an address, a device of it, or all of its domain", function ()
		with_mod_blocklist();
		listed = { "eve@example.net", "mallory@example.net/phone", "example.com" };

		assert.is_true(blocklist.is_blocked("bob", "eve@example.net"));
		assert.is_true(blocklist.is_blocked("bob", "eve@example.net/any"));
		assert.is_true(blocklist.is_blocked("bob", "mallory@example.net/phone"));
		assert.is_false(blocklist.is_blocked("bob", "mallory@example.net/tablet"));
		assert.is_false(blocklist.is_blocked("bob", "mallory@example.net"));
		assert.is_true(blocklist.is_blocked("bob", "trent@example.com/x"));
		assert.is_false(blocklist.is_blocked("bob", "trent@sub.example.com"));
	end);

	it("are asked for once, until they change", function ()
		with_mod_blocklist();
		assert.is_false(blocklist.is_blocked("bob", "eve@example.net"));
		assert.is_false(blocklist.is_blocked("bob", "eve@example.net"));
		assert.equal(1, asked);

		listed = { "eve@example.net" };
		blocklist.on_change({ origin = { username = "bob" } });

		assert.is_true(blocklist.is_blocked("bob", "eve@example.net"));
		assert.equal(2, asked);
	end);

	it("are changed for users who are offline, too", function ()
		with_mod_blocklist();

		assert.is_true(blocklist.edit(bob, "eve@example.net", "block"));
		assert.is_true(blocklist.edit(bob, "eve@example.net", "unblock"));

		assert.same({ "block eve@example.net", "unblock eve@example.net" }, changes);
		assert.is_nil(w.prosody.hosts["example.org"].sessions.bob);
	end);

	it("of a server without mod_blocklist are empty and cannot be changed", function ()
		assert.is_false(blocklist.is_blocked("bob", "eve@example.net"));
		assert.same({ nil, "mod_blocklist is not loaded" }, { blocklist.edit(bob, "eve@example.net", "block") });
	end);

	it("that raise leave nobody behind who looks online", function ()
		w.module:hook("iq-set/self/urn:xmpp:blocking:block", function () error("the disk went away", 0); end);

		assert.same({ nil, "the disk went away" }, { blocklist.edit(bob, "eve@example.net", "block") });
		assert.is_nil(w.prosody.hosts["example.org"].sessions.bob);
	end);
end);
