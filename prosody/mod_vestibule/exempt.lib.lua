-- Who needs no decision: this server's services, and rooms the user is in.
return function (component)

local bare_sessions, hosts = prosody.bare_sessions, prosody.hosts;
local byte, find = string.byte, string.find;
local at_component = "@" .. component;

local none = {};
local slash = byte "/";

-- Addresses of this server without a localpart, and our own component.
local function is_service(contact)
	return hosts[contact] ~= nil or contact == component or find(contact, at_component, -#at_component, true) ~= nil;
end

-- Where a contact was found in what a session sent directed presence to: contact -> full address.
local found = setmetatable({}, { __mode = "k" });

local function look_for(directed, contact)
	for to in pairs(directed) do
		if find(to, contact, 1, true) == 1 and (to == contact or byte(to, #contact + 1) == slash) then return to; end
	end
end

local function is_in(directed, contact)
	local known = found[directed];
	if not known then
		known = {};
		found[directed] = known;
	end
	if directed[known[contact]] then return true; end
	known[contact] = look_for(directed, contact);
	return known[contact] ~= nil;
end

-- Rooms the user is in, and whoever else got the user's directed presence. Each message of a room
-- comes by here, for each of its occupants.
local function is_joined(user, contact)
	local online = bare_sessions[user];
	for _, session in pairs(online and online.sessions or none) do
		if session.directed and is_in(session.directed, contact) then return true; end
	end
	return false;
end

return { service = is_service; room = is_joined };

end
