// The page's only animation loop: runs while something is dirty, sleeps otherwise.

const painters = [];
let asked = false;

/** Adds a painter, called with the frame's time in every frame that runs. */
export function onFrame(painter) {
  painters.push(painter);
}

/** Asks for a frame; asking again before it came costs nothing. */
export function requestFrame() {
  if (asked) return;
  asked = true;
  requestAnimationFrame(run);
}

function run(time) {
  asked = false;
  for (const painter of painters) painter(time);
}
