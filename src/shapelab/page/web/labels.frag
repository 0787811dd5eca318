#version 300 es
// Cells or grains of a label volume: the first voxel that a ray meets which is not background.
precision highp float;
precision highp int;
precision highp usampler3D;
uniform usampler3D labels;
uniform vec2 canvas;
uniform vec3 extent;
uniform vec3 voxel;
uniform mat3 turn;
uniform vec2 shift;
uniform float scale;
uniform vec3 back;
uniform float cut;  // part of the box, from the reader's side, that is taken away
out vec4 colour;

uint at(ivec3 k) {
  ivec3 size = textureSize(labels, 0);
  return any(lessThan(k, ivec3(0))) || any(greaterThanEqual(k, size)) ? 0u : texelFetch(labels, k, 0).r;
}

vec3 tint(uint label) {
  float i = float(label);
  float hue = fract(i * 0.61803398875), saturation = 0.42 + 0.2 * fract(i * 0.754877666), value = 0.93 - 0.16 * fract(i * 0.569840296);
  vec3 k = mod(vec3(5.0, 3.0, 1.0) + hue * 6.0, 6.0);
  return vec3(value) - value * saturation * clamp(min(k, 4.0 - k), 0.0, 1.0);
}

void main() {
  vec2 screen = (gl_FragCoord.xy - 0.5 * canvas) * scale - shift;
  vec3 ray = turn * vec3(0.0, 0.0, -1.0);
  vec3 start = turn * vec3(screen, 2.0);
  vec3 safe = mix(ray, vec3(1e-6), lessThan(abs(ray), vec3(1e-6)));
  vec3 t0 = (-extent - start) / safe, t1 = (extent - start) / safe;
  vec3 first = min(t0, t1), last = max(t0, t1);
  float t = max(max(first.x, first.y), first.z), end = min(min(last.x, last.y), last.z);
  colour = vec4(back, 1.0);
  float away = 2.0 + (cut - 0.5) * 1.8;
  bool cutHere = cut > 0.001 && away > t;
  if (cutHere) t = away;
  if (t >= end) return;
  vec3 face = abs(start + t * ray) / extent;
  vec3 side = -sign(ray) * vec3(face.x > max(face.y, face.z), face.y > max(face.x, face.z), face.z > max(face.x, face.y));
  float small = min(min(voxel.x, voxel.y), voxel.z);
  vec3 p = (start + (t + 1e-5) * ray + extent) / voxel;
  vec3 d = safe / voxel;
  ivec3 k = ivec3(floor(p)), way = ivec3(sign(d));
  vec3 delta = abs(1.0 / d);
  vec3 next = (vec3(k) + max(sign(d), 0.0) - p) / d;
  uint found = at(k);
  bool inside = found == 0u;
  float met = 0.0;
  for (int n = 0; n < 1600 && found == 0u; n++) {
    if (next.x < min(next.y, next.z)) { met = next.x; k.x += way.x; next.x += delta.x; }
    else if (next.y < next.z) { met = next.y; k.y += way.y; next.y += delta.y; }
    else { met = next.z; k.z += way.z; next.z += delta.z; }
    ivec3 size = textureSize(labels, 0);
    if (any(lessThan(k, ivec3(0))) || any(greaterThanEqual(k, size))) return;
    found = at(k);
  }
  if (found == 0u) return;
  vec3 n = vec3(0.0);
  if (inside) {
    vec3 x = (start + (t + met) * ray + extent) / voxel;
    for (int a = -2; a <= 2; a++) for (int b = -2; b <= 2; b++) for (int c = -2; c <= 2; c++) {
      vec3 away = (vec3(k + ivec3(a, b, c)) + 0.5 - x) * voxel / small;
      float weight = exp(-0.35 * dot(away, away));
      n -= away * weight * (at(k + ivec3(a, b, c)) == found ? 1.0 : -0.3);
    }
  } else n = cutHere ? -ray : side;
  n = dot(n, n) > 1e-6 ? normalize(n) : -ray;
  vec3 light = turn * normalize(vec3(-0.35, 0.45, 0.82));
  float lit = 0.42 + 0.5 * max(dot(n, light), 0.0) + 0.12 * max(dot(n, -ray), 0.0);
  colour = vec4(tint(found) * lit, 1.0);
}
