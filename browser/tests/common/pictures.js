// Pictures as cameras make them, and what can be seen of one.

// A JPEG of chance, so that it does not shrink to nothing.
export async function picture(width, height, name) {
  const canvas = new OffscreenCanvas(width, height), context = canvas.getContext("2d");
  const pixels = context.createImageData(width, height);
  for (let from = 0; from < pixels.data.length; from += 65536) crypto.getRandomValues(pixels.data.subarray(from, Math.min(from + 65536, pixels.data.length)));
  for (let at = 3; at < pixels.data.length; at += 4) pixels.data[at] = 255;
  context.putImageData(pixels, 0, 0);
  return new File([await canvas.convertToBlob({ type: "image/jpeg", quality: 0.9 })], name, { type: "image/jpeg" });
}

// The same, taken with the camera turned: its EXIF says that it stands on its side, and where it was taken.
export async function turned_picture(width, height) {
  const plain = new Uint8Array(await (await picture(width, height, "plain.jpg")).arrayBuffer());
  const text = (characters) => [...characters].map((character) => character.charCodeAt(0));
  const tiff = [...text("MM"), 0, 42, 0, 0, 0, 8, 0, 1, 1, 18, 0, 3, 0, 0, 0, 1, 0, 6, 0, 0, 0, 0, 0, 0, ...text("1204 Maple Avenue")];
  const exif = [...text("Exif"), 0, 0, ...tiff];
  const segment = [255, 225, (exif.length + 2) >> 8, (exif.length + 2) & 255, ...exif];
  return new File([plain.subarray(0, 2), new Uint8Array(segment), plain.subarray(2)], "turned.jpg", { type: "image/jpeg" });
}

// A file that no browser here can draw.
export function file_of(bytes, name, type) {
  return new File([bytes], name, { type });
}

export async function size_of(bytes) {
  const bitmap = await createImageBitmap(new Blob([bytes]), { imageOrientation: "from-image" });
  return [bitmap.width, bitmap.height];
}

export function says(bytes, text) {
  return new TextDecoder("latin1").decode(bytes).includes(text);
}
