-- Who needs no decision: this server's services, and rooms the user is in.
local jid = require "util.jid"; -- COMPAT 0.12

return function (component)

local bare_sessions, hosts = prosody.bare_sessions, prosody.hosts;
local at_component = "@" .. component;

local none = {};

-- Addresses of this server without a localpart, and our own component.
local function is_service(contact)
	if contact == component or contact:sub(-#at_component) == at_component then return true; end
	return hosts[contact] ~= nil;
end

-- Rooms the user is in, and whoever else got the user's directed presence.
local function is_joined(user, contact)
	local online = bare_sessions[user];
	for _, session in pairs(online and online.sessions or none) do
		for to in pairs(session.directed or none) do
			if jid.bare(to) == contact then return true; end
		end
	end
	return false;
end

return { service = is_service; room = is_joined };

end
