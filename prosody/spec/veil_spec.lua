-- What Prosody by itself would tell those who may not know.
local world = require "world";

describe("news", function ()
	local bob, alice = "bob@example.org", "alice@example.net";
	local w, veil, authorized, blocked;

	before_each(function ()
		w = world.new();
		authorized, blocked = {}, {};
		local roster = { is_authorized = function (user, contact)
			assert(user:find("@", 1, true), "no user, no roster"); -- as in Prosody
			return authorized[contact] or false;
		end };
		local blocklist = { is_blocked = function (username, address)
			assert.equal("bob", username);
			return blocked[address] or false;
		end };
		veil = w.load("veil.lib")(roster, blocklist);
	end);

	local function news(from, to)
		return veil.on_news({ stanza = world.received(("<message type='headline' from='%s' to='%s'>"
			.. "<event xmlns='http://jabber.org/protocol/pubsub#event'><items node='mood'/></event></message>"):format(from, to)) });
	end

	it("of a user reach who may see the user, and nobody else", function ()
		assert.is_true(news(bob, alice));

		authorized[alice] = true;
		assert.is_nil(news(bob, alice));

		blocked[alice] = true;
		assert.is_true(news(bob, alice));
	end);

	it("of the host itself are no user's", function ()
		assert.is_nil(news("example.org", alice));
	end);
end);
