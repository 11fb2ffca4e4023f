local world = require "world";

describe("errors", function ()
	local errors, told;

	local function open(options)
		errors = world.new({ options = options }).load("errors.lib");
		told = 0;
	end

	local function tell(sender, name)
		local stanza = world.received(("<%s from='%s' to='bob@example.org' id='1'/>"):format(name or "message", sender));
		errors.tell({ send = function () told = told + 1; end }, stanza, errors.new("cancel", "service-unavailable"));
	end

	it("are told to one contact so many times a minute, whatever their device", function ()
		open({ vestibule_errors_per_contact = 2 });
		for number = 1, 5 do tell("alice@example.net/" .. number); end

		assert.equal(2, told);
		tell("carol@example.net/1");
		assert.equal(3, told);
	end);

	it("are told to one domain so many times a minute", function ()
		open({ vestibule_errors_per_domain = 3 });
		for number = 1, 5 do tell("alice" .. number .. "@example.net/1"); end

		assert.equal(3, told);
		tell("carol@example.com/1");
		assert.equal(4, told);
	end);

	it("are not limited for the people of this server together", function ()
		open({ vestibule_errors_per_domain = 3 });
		for number = 1, 5 do tell("alice" .. number .. "@example.org/1"); end

		assert.equal(5, told);
	end);

	it("answer every question", function ()
		open({ vestibule_errors_per_contact = 2, vestibule_errors_per_domain = 2 });
		for _ = 1, 5 do tell("alice@example.net/1", "iq"); end

		assert.equal(5, told);
	end);
end);
