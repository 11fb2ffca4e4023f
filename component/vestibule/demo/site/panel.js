// One person's client: Converse.js, logged in, with the door's chat open.

import "./converse/converse.min.js";

const UNUSED = ["converse-omemo", "converse-roomslist"];

const scene = await (await fetch("scene.json")).json();

// What stands below the login form; it asks another site for pictures.
customElements.define("converse-footer", class extends HTMLElement {});

window.converse.plugins.add("vestibule-panel", {
  initialize() {
    const { api } = this._converse;
    api.listen.on("rosterContactsFetched", () => api.chats.open(scene.door, {}, true));
  },
});

window.converse.initialize({
  jid: `${location.hash.slice(1)}@${scene.host}`,
  password: scene.password,
  authentication: "login",
  auto_login: true,
  keepalive: false,
  persistent_store: "sessionStorage",
  websocket_url: `ws://${location.host}${scene.websocket}`,
  discover_connection_methods: false,
  assets_path: "converse/",
  view_mode: "fullscreen",
  theme: "classic",
  i18n: "en",
  allow_logout: false,
  auto_focus: false,
  play_sounds: false,
  show_background: false,
  show_client_info: false,
  show_desktop_notifications: false,
  show_self_in_roster: false,
  show_tab_notifications: false,
  visible_toolbar_buttons: { emoji: false },
  autocomplete_providers_url: "",
  loglevel: "error",
  blacklisted_plugins: UNUSED,
  whitelisted_plugins: ["vestibule-panel"],
});
