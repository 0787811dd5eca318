#version 300 es
// A flat image, or flat labels (LABELS 1) with the pixels that they have or (SMOOTH 1) with smooth boundaries between them.
precision highp float;
precision highp int;
precision highp usampler2D;
uniform sampler2D image;
uniform usampler2D labels;
uniform int mode;          // of an image, 0: two-sided scale around the level, 1: one-sided scale
uniform vec2 canvas;
uniform vec2 centre;       // (y, x) in pixels of the image
uniform float scale;       // pixels of the image per pixel of the canvas
uniform vec2 shape;        // (y, x)
uniform vec2 aspect;       // height and width of a pixel of the image, the smaller is 1
uniform float level;
uniform float contour;     // 1: draw the line where the image has the level
uniform float line;
uniform vec3 back;
out vec4 colour;

vec3 hue(uint label) {
  float i = float(label);
  float h = fract(i * 0.61803398875), s = 0.42 + 0.2 * fract(i * 0.754877666), v = 0.93 - 0.16 * fract(i * 0.569840296);
  vec3 k = mod(vec3(5.0, 3.0, 1.0) + h * 6.0, 6.0);
  return vec3(v) - v * s * clamp(min(k, 4.0 - k), 0.0, 1.0);
}

vec3 ramp(float k) {
  vec3 a = vec3(0.231, 0.165, 0.420), b = vec3(0.169, 0.498, 0.557), c = vec3(0.561, 0.784, 0.400), d = vec3(0.969, 0.890, 0.302);
  return k < 0.3333 ? mix(a, b, k * 3.0) : k < 0.6667 ? mix(b, c, k * 3.0 - 1.0) : mix(c, d, k * 3.0 - 2.0);
}

// How smoothly labels meet: the weights of a quadratic spline of the 3 × 3 pixels around, summed over those of each label.
// Returns the label with most, and the pixels of the canvas to where the second has as much.
uint at(vec2 y);

uint smoothLabel(vec2 y, out float away) {
  vec2 middle = floor(y) + 0.5, d = y - middle;
  vec2 low = 0.5 * (0.5 - d) * (0.5 - d), high = 0.5 * (0.5 + d) * (0.5 + d), centre = 1.0 - low - high;
  vec2 lowSlope = d - 0.5, highSlope = d + 0.5, centreSlope = -2.0 * d;
  uint near[9];
  float w[9];
  vec2 slope[9];
  for (int a = 0; a < 3; a++) for (int b = 0; b < 3; b++) {
    int k = 3 * a + b;
    near[k] = at(middle + vec2(a - 1, b - 1));
    float wy = a == 0 ? low.x : a == 1 ? centre.x : high.x, wx = b == 0 ? low.y : b == 1 ? centre.y : high.y;
    float sy = a == 0 ? lowSlope.x : a == 1 ? centreSlope.x : highSlope.x, sx = b == 0 ? lowSlope.y : b == 1 ? centreSlope.y : highSlope.y;
    w[k] = wy * wx;
    slope[k] = vec2(sy * wx, wy * sx);
  }
  uint best = near[4];
  float most = -1.0, next = -1.0;
  vec2 bestSlope = vec2(0.0), nextSlope = vec2(0.0);
  for (int k = 0; k < 9; k++) {
    float sum = 0.0;
    vec2 g = vec2(0.0);
    bool first = true;
    for (int m = 0; m < 9; m++) {
      bool same = near[m] == near[k];
      if (same && m < k) first = false;
      sum += same ? w[m] : 0.0;
      g += same ? slope[m] : vec2(0.0);
    }
    if (!first) continue;
    if (sum > most) { next = most; nextSlope = bestSlope; most = sum; bestSlope = g; best = near[k]; }
    else if (sum > next) { next = sum; nextSlope = g; }
  }
  away = next < 0.0 ? 1e9 : (most - next) / max(length((bestSlope - nextSlope) * scale / aspect), 1e-9);
  return best;
}

uint at(vec2 y) { return texelFetch(labels, ivec2(clamp(y.yx, vec2(0.0), shape.yx - 1.0)), 0).r; }

void main() {
  vec2 screen = (gl_FragCoord.xy - 0.5 * canvas) * scale;
  vec2 y = centre + vec2(-screen.y, screen.x) / aspect;
  colour = vec4(back, 1.0);
  if (any(lessThan(y, vec2(0.0))) || any(greaterThanEqual(y, shape))) return;
#if LABELS
#if SMOOTH
  float away;
  uint here = smoothLabel(y, away);
  float edge = line > 0.0 ? smoothstep(0.5 * line - 0.7, 0.5 * line + 0.7, away) : 1.0;
#else
  uint here = at(y);
  vec2 d = scale / aspect * 0.5 * line;
  bool meets = at(y + vec2(d.x, 0)) != here || at(y - vec2(d.x, 0)) != here || at(y + vec2(0, d.y)) != here || at(y - vec2(0, d.y)) != here;
  float edge = line > 0.0 && meets ? 0.0 : 1.0;
#endif
  vec3 plain = here == 0u ? back * 0.93 + 0.035 : hue(here);
  colour = vec4(plain * (here == 0u ? mix(0.55, 1.0, edge) : mix(0.3, 1.0, edge)), 1.0);
#else
  float v = texture(image, y.yx / shape.yx).r;
  if (mode == 1) colour = vec4(ramp(v), 1.0);
  else {
    vec3 middle = vec3(0.945, 0.937, 0.914);
    float k = v < level ? (level - v) / max(level, 1e-6) : (v - level) / max(1.0 - level, 1e-6);
    colour = vec4(v < level ? mix(middle, vec3(0.17, 0.37, 0.70), k) : mix(middle, vec3(0.76, 0.27, 0.18), k), 1.0);
  }
  if (contour > 0.5) {
    float slope = max(length(vec2(dFdx(v), dFdy(v))), 1e-5);
    colour.rgb *= mix(0.1, 1.0, smoothstep(0.6, 1.6, abs(v - level) / slope));
  }
#endif
}
