-- The end of a turn of Prosody's event loop, for what is to leave together then.
-- A zero timer starves under load, as Prosody runs timers only when no socket is ready; a socket
-- that is always writable does not. Until it has proved itself, nothing waits for it.
local has_socket, socket = pcall(require, "socket");
local server = require "net.server";

-- wake() has act() called once, soon; without such sockets at once.
local function new(act)
	if not has_socket or not socket.udp4 or not server.watchfd then
		return { wake = act; close = function () end };
	end
	local fd = socket.udp4();
	local is_proven = false;
	local watch = server.watchfd(fd, nil, function (self)
		self:set(nil, false);
		is_proven = true;
		act();
	end);
	return {
		wake = function ()
			if is_proven then watch:set(nil, true); else act(); end
		end;
		close = function ()
			watch:close();
			fd:close();
		end;
	};
end

return { new = new };
