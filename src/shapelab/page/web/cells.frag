#version 300 es
// Flat cells from seeds, potentials and costs: every fragment finds its owner among the candidates of its tile, at any zoom.
// PLAIN is 2 where all costs are s |z|², 1 where all are s zᵀAz, 0 for others; WALLS is 1 where there are walls in the box;
// RAW is 1 to write the owner's number + 1 in place of a colour.
precision highp float;
precision highp int;
precision highp isampler2D;
uniform sampler2D cells;       // five texels per cell: (y, x, potential, s) (s a00, s a01, s a11, p) (kind, axis y, axis x, length) (cap) (r, g, b)
uniform isampler2D tiles;      // first candidate and number of candidates of every tile
uniform isampler2D items;      // candidates, 1024 in a row
uniform sampler2D open;        // 1 where there is no wall
uniform vec2 canvas;
uniform vec2 centre;           // of the view (y, x), in box lengths
uniform float scale;           // box lengths per pixel
uniform vec2 size;             // of the box (y, x)
uniform vec2 period;           // of the box, 0 where it is closed
uniform vec2 pixel;            // of the grid of the walls
uniform float line;            // width of the boundaries [pixels], 0 for none
uniform vec3 back;
uniform vec3 wall;
uniform vec3 medium;
out vec4 colour;

vec4 texel(int cell, int k) { int at = cell * 5 + k; return texelFetch(cells, ivec2(at % 1280, at / 1280), 0); }

// Cost minus potential, and its slope along y and x where it is quadratic.
vec3 competing(int cell, vec2 y) {
  if (cell < 0) return vec3(0.0);
  vec4 seed = texel(cell, 0);
  vec2 z = y - seed.xy;
  z -= period * floor(z / max(period, 1e-9) + 0.5);
#if PLAIN == 2
  return vec3(seed.w * dot(z, z) - seed.z, 2.0 * seed.w * z);
#else
  vec4 shape = texel(cell, 1);
  vec2 az = vec2(shape.x * z.x + shape.y * z.y, shape.y * z.x + shape.z * z.y);
  float square = max(dot(z, az), 0.0);
#if PLAIN == 1
  return vec3(square - seed.z, 2.0 * az);
#else
  vec4 rod = texel(cell, 2);
  float cap = texel(cell, 3).x, p = shape.w, g;
  if (rod.x < 1.5) {
    if (p == 2.0) return vec3(min(cap, square) - seed.z, 0.0, 0.0);
    return vec3(min(cap, seed.w * pow(square / seed.w, 0.5 * p)) - seed.z, 0.0, 0.0);
  }
  float along = abs(dot(z, rod.yz)), far = dot(z, z), across = sqrt(max(far - along * along, 0.0));
  if (rod.x > 2.5) g = length(vec2(max(along - rod.w, 0.0), across));
  else if (along <= rod.w * across) g = across;
  else g = far / max(along * rod.w + sqrt(max(far - rod.w * rod.w * across * across, 0.0)), 1e-30);
  return vec3(min(cap, seed.w * pow(g, p)) - seed.z, 0.0, 0.0);
#endif
#endif
}

// What a wall has of a place, from 0 to 1; its steps are smoothed but for RAW, which asks at the centres of the grid's pixels.
float closed(vec2 y) {
  vec2 at = y / size, d = 0.5 * pixel / size;
#if RAW
  return 1.0 - texture(open, at.yx).r;
#else
  float sum = texture(open, at.yx + d.yx).r + texture(open, at.yx - d.yx).r
            + texture(open, at.yx + vec2(d.y, -d.x)).r + texture(open, at.yx + vec2(-d.y, d.x)).r;
  float wide = clamp(scale / min(pixel.x, pixel.y), 0.01, 1.0);
  return smoothstep(0.5 - 0.5 * wide, 0.5 + 0.5 * wide, 1.0 - 0.25 * sum);
#endif
}

void main() {
  vec2 screen = (gl_FragCoord.xy - 0.5 * canvas) * scale;
  vec2 y = centre + vec2(-screen.y, screen.x);
  colour = vec4(RAW == 1 ? vec3(0.0) : back, 1.0);
  if (any(lessThan(y, vec2(0.0))) || any(greaterThanEqual(y, size))) return;
  int count = textureSize(tiles, 0).x;
  ivec2 tile = clamp(ivec2(y / size * float(count)), ivec2(0), ivec2(count - 1));
  ivec2 range = texelFetch(tiles, tile.yx, 0).xy;
  int owner = -1, second = -1;
  vec3 best = vec3(0.0), next = vec3(1e30, 0.0, 0.0);
  for (int k = range.x; k < range.x + range.y; k++) {
    int cell = texelFetch(items, ivec2(k & 1023, k >> 10), 0).r;
    vec3 v = competing(cell, y);
    if (v.x < best.x) { next = best; second = owner; best = v; owner = cell; }
    else if (v.x < next.x) { next = v; second = cell; }
  }
#if RAW
  int n = WALLS == 1 && closed(y) > 0.5 ? 0 : owner + 1;
  colour = vec4(float(n & 255), float((n >> 8) & 255), float(n >> 16), 255.0) / 255.0;
#else
  colour.rgb = owner < 0 ? medium : texel(owner, 4).rgb;
  if (line > 0.0 && next.x < 1e29) {
    float gap = next.x - best.x;
#if PLAIN
    vec2 slope = next.yz - best.yz;
#else
    float h = 0.5 * scale;
    vec2 slope = vec2(competing(second, y + vec2(h, 0)).x - competing(owner, y + vec2(h, 0)).x,
                      competing(second, y + vec2(0, h)).x - competing(owner, y + vec2(0, h)).x) - gap;
    slope /= h;
#endif
    float away = gap / max(length(slope), 1e-12) / scale;  // [pixels]
    colour.rgb *= mix(0.25, 1.0, smoothstep(0.5 * line - 0.7, 0.5 * line + 0.7, away));
  }
#if WALLS
  colour.rgb = mix(colour.rgb, wall, closed(y));
#endif
#endif
}
