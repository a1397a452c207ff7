// Another tab, as far as locks go: a frame with a world of its own, which can die without a word.
export function tab_that_leads(lock) {
  const frame = document.createElement("iframe");
  document.body.append(frame);
  return new Promise((resolve) => {
    frame.contentWindow.navigator.locks.request(lock, () => {
      resolve(frame);
      return new Promise(() => {});
    });
  });
}

export function dies(frame) {
  frame.remove();
}
