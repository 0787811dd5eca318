#version 300 es
// A flat image or flat labels, with the pixels that they have.
precision highp float;
precision highp int;
precision highp usampler2D;
uniform sampler2D image;
uniform usampler2D labels;
uniform int mode;          // 0: two-sided scale around the level, 1: one-sided scale, 2: labels
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

uint at(vec2 y) { return texelFetch(labels, ivec2(clamp(y.yx, vec2(0.0), shape.yx - 1.0)), 0).r; }

void main() {
  vec2 screen = (gl_FragCoord.xy - 0.5 * canvas) * scale;
  vec2 y = centre + vec2(-screen.y, screen.x) / aspect;
  colour = vec4(back, 1.0);
  if (any(lessThan(y, vec2(0.0))) || any(greaterThanEqual(y, shape))) return;
  if (mode == 2) {
    uint here = at(y);
    if (here == 0u) { colour = vec4(back * 0.93 + 0.035, 1.0); return; }
    colour = vec4(hue(here), 1.0);
    vec2 d = scale / aspect * 0.5 * line;
    bool edge = at(y + vec2(d.x, 0)) != here || at(y - vec2(d.x, 0)) != here || at(y + vec2(0, d.y)) != here || at(y - vec2(0, d.y)) != here;
    if (line > 0.0 && edge) colour.rgb *= 0.3;
    return;
  }
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
}
