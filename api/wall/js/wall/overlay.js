/**
 * Overlay: boxes drawn over a picture that is fitted into its frame.
 * @module
 */
import { className } from "../leads/codes.js";
import { language } from "../shared/i18n.js";

const COLOURS = { candidate: "#f0b429", confirmed: "#ff5c49" };
const INK = "#101213";

/**
 * Return scale and position of a picture in a frame that shows all of it (`object-fit: contain`).
 * @param {number} frameW @param {number} frameH @param {number} pictureW @param {number} pictureH
 */
export function fitted(frameW, frameH, pictureW, pictureH) {
  const scale = Math.min(frameW / pictureW, frameH / pictureH);
  return { scale, left: (frameW - pictureW * scale) / 2, top: (frameH - pictureH * scale) / 2 };
}

/**
 * Draw boxes; `null` clears the canvas.
 * @param {HTMLCanvasElement} canvas
 * @param {import("./timeline.js").Shown | null} shown
 */
export function drawBoxes(canvas, shown) {
  const ratio = window.devicePixelRatio || 1;
  const width = Math.round(canvas.clientWidth * ratio);
  const height = Math.round(canvas.clientHeight * ratio);
  if (canvas.width !== width || canvas.height !== height) {
    canvas.width = width;
    canvas.height = height;
  }
  const pen = canvas.getContext("2d");
  if (!pen) return;
  pen.clearRect(0, 0, width, height);
  canvas.dataset.boxes = String(shown?.boxes.length ?? 0);
  if (!shown || !shown.boxes.length || !shown.width || !shown.height) return;
  const { scale, left, top } = fitted(width, height, shown.width, shown.height);
  const line = Math.max(2, Math.round(height / 220));
  const letters = Math.max(12 * ratio, Math.min(24 * ratio, Math.round(height / 24)));
  pen.lineWidth = line;
  pen.font = `600 ${letters}px "Noto Sans CJK SC","PingFang SC","Microsoft YaHei",sans-serif`;
  pen.textBaseline = "middle";
  for (const box of shown.boxes) {
    const colour = box.state === "confirmed" ? COLOURS.confirmed : COLOURS.candidate;
    const [x0, y0, x1, y1] = box.xyxy;
    const x = left + x0 * scale;
    const y = top + y0 * scale;
    const w = (x1 - x0) * scale;
    const h = (y1 - y0) * scale;
    pen.setLineDash(box.state === "confirmed" ? [] : [line * 4, line * 3]);
    pen.strokeStyle = colour;
    pen.strokeRect(x, y, w, h);
    const label = `${className(box.class_name, language())} ${box.confidence.toFixed(2)}`;
    const wide = pen.measureText(label).width + letters * 0.7;
    const tall = letters * 1.4;
    const labelX = Math.min(Math.max(left, x - line / 2), Math.max(0, width - wide));
    const labelY = y - tall >= top ? y - tall : y;
    pen.fillStyle = colour;
    pen.fillRect(labelX, labelY, wide, tall);
    pen.fillStyle = INK;
    pen.fillText(label, labelX + letters * 0.35, labelY + tall / 2);
  }
}
