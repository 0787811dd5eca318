#version 300 es
// Flat cells from seeds, potentials and costs: every fragment finds its owner among the candidates of its tile, at any zoom.
precision highp float;
precision highp int;
precision highp isampler2D;
uniform sampler2D cells;       // five texels per cell: (y, x, potential, kind) (p, s, a00, a01) (a11, axis y, axis x, length) (cap) (r, g, b)
uniform isampler2D tiles;      // first candidate and number of candidates of every tile
uniform isampler2D items;      // candidates, 1024 in a row
uniform sampler2D open;        // 1 where there is no wall
uniform vec2 canvas;
uniform vec2 centre;           // of the view (y, x), in box lengths
uniform float scale;           // box lengths per pixel
uniform vec2 size;             // of the box (y, x)
uniform vec2 period;           // of the box, 0 where it is closed
uniform float line;            // width of the boundaries [pixels], 0 for none
uniform float raw;             // 1: write the owner's number + 1 in place of a colour
uniform vec3 back;
uniform vec3 wall;
uniform vec3 medium;
out vec4 colour;

vec4 texel(int cell, int k) { int at = cell * 5 + k; return texelFetch(cells, ivec2(at % 1280, at / 1280), 0); }

float cost(int cell, vec2 y) {
  vec4 a = texel(cell, 0), b = texel(cell, 1), c = texel(cell, 2);
  vec2 z = y - a.xy;
  vec2 p = max(period, 1e-9);
  z -= mix(vec2(0.0), period * floor(z / p + 0.5), greaterThan(period, vec2(0.0)));
  float g;
  if (a.w < 1.5) {
    float square = max(b.z * z.x * z.x + 2.0 * b.w * z.x * z.y + c.x * z.y * z.y, 0.0);
    if (b.x == 2.0) return min(texel(cell, 3).x, b.y * square);
    g = sqrt(square);
  } else {
    float along = abs(dot(z, c.yz)), square = dot(z, z), across = sqrt(max(square - along * along, 0.0));
    if (a.w > 2.5) g = length(vec2(max(along - c.w, 0.0), across));
    else if (along <= c.w * across) g = across;
    else g = square / max(along * c.w + sqrt(max(square - c.w * c.w * across * across, 0.0)), 1e-30);
  }
  return min(texel(cell, 3).x, b.y * pow(g, b.x));
}

float competing(int cell, vec2 y) { return cell < 0 ? 0.0 : cost(cell, y) - texel(cell, 0).z; }

void main() {
  vec2 screen = (gl_FragCoord.xy - 0.5 * canvas) * scale;
  vec2 y = centre + vec2(-screen.y, screen.x);
  colour = vec4(back, 1.0);
  if (any(lessThan(y, vec2(0.0))) || any(greaterThanEqual(y, size))) { if (raw > 0.5) colour = vec4(0.0); return; }
  if (texture(open, vec2(y.y, y.x) / vec2(size.y, size.x)).r < 0.5) { colour = raw > 0.5 ? vec4(0.0) : vec4(wall, 1.0); return; }
  int count = textureSize(tiles, 0).x;
  ivec2 tile = clamp(ivec2(y / size * float(count)), ivec2(0), ivec2(count - 1));
  ivec2 range = texelFetch(tiles, tile.yx, 0).xy;
  int owner = -1, second = -1;
  float best = 0.0, next = 1e30;
  for (int k = range.x; k < range.x + range.y; k++) {
    int cell = texelFetch(items, ivec2(k % 1024, k / 1024), 0).r;
    float v = competing(cell, y);
    if (v < best) { next = best; second = owner; best = v; owner = cell; }
    else if (v < next) { next = v; second = cell; }
  }
  if (raw > 0.5) { int n = owner + 1; colour = vec4(float(n & 255), float((n >> 8) & 255), float(n >> 16), 255.0) / 255.0; return; }
  float rough = (next - best) / max(fwidth(next - best), 1e-12);  // pixels to the boundary, roughly: far away nothing is drawn
  colour = vec4(owner < 0 ? medium : texel(owner, 4).rgb, 1.0);
  if (line <= 0.0 || range.y == 0 || rough > 4.0 * line + 8.0) return;
  float gap = next - best, h = scale * 0.5;
  vec2 slope = vec2(competing(second, y + vec2(h, 0)) - competing(owner, y + vec2(h, 0)),
                    competing(second, y + vec2(0, h)) - competing(owner, y + vec2(0, h))) - gap;
  float away = gap / max(length(slope) / h, 1e-12) / scale;  // [pixels]
  colour.rgb *= mix(0.25, 1.0, smoothstep(0.5 * line - 0.7, 0.5 * line + 0.7, away));
}
