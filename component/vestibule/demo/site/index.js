// Puts the three clients beside the text. Each has a port of its own: to the browser they are three
// sites, so what one client remembers is not the others'.

const WHO = {
  alice: "gets to know the others",
  bob: "reactive: a doorbell",
  carol: "proactive: an open door",
};

const scene = await (await fetch("scene.json")).json();
for (const [name, port] of Object.entries(scene.ports)) {
  const panel = document.querySelector("template").content.cloneNode(true);
  const frame = panel.querySelector("iframe");
  panel.querySelector("figcaption").className = name;
  panel.querySelector("b").textContent = name;
  panel.querySelector("span").textContent = WHO[name];
  frame.title = `${name}’s client`;
  frame.name = name;
  frame.src = `http://${location.hostname}:${port}/panel.html#${name}`;
  document.body.append(panel);
}
document.querySelector("footer").textContent = scene.versions.join(" · ");
