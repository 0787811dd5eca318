#version 300 es
// The surface field = level, seen by parallel rays, coloured by its mean curvature (from the second differences of the field).
precision highp float;
precision highp sampler3D;
uniform sampler3D field;
uniform vec2 canvas;      // [pixels]
uniform vec3 extent;      // half sides of the box along x, y, z; the longest is 0.5
uniform vec3 voxel;       // sides of a voxel in the same unit
uniform mat3 turn;        // from the screen (right, up, towards the reader) to the box
uniform vec2 shift;
uniform float scale;      // lengths per pixel
uniform float level;      // from 0 to 1, as the texture is
uniform float reach;      // voxels to the surface at least, per difference to the level; 0 where nothing is known
uniform float curvature;  // that is drawn in full colour, per voxel
uniform float plain;      // 1: no colours
uniform vec3 back;
out vec4 colour;

float value(vec3 p) { return texture(field, p / extent * 0.5 + 0.5).r - level; }

vec3 tint(float h) {
  float k = clamp(h / curvature, -1.0, 1.0);
  vec3 middle = vec3(0.945, 0.937, 0.914);
  return k < 0.0 ? mix(middle, vec3(0.17, 0.37, 0.70), -k) : mix(middle, vec3(0.76, 0.27, 0.18), k);
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
  if (t >= end) return;
  float small = min(min(voxel.x, voxel.y), voxel.z);
  t += 1e-4 * small;
  float v = value(start + t * ray);
  vec3 n;
  vec3 base;
  float cutFace = 0.0;
  if (v > 0.0) {  // matter that the side of the box cuts
    vec3 p = abs(start + t * ray) / extent;
    n = -sign(ray) * vec3(p.x > max(p.y, p.z), p.y > max(p.x, p.z), p.z > max(p.x, p.y));
    base = vec3(0.62, 0.65, 0.70);
    cutFace = 1.0;
  } else {
    bool hit = false;
    float step = 0.0;
    for (int k = 0; k < 700; k++) {
      step = small * max(0.6, -v * reach);
      t += step;
      if (t >= end) break;
      v = value(start + t * ray);
      if (v > 0.0) { hit = true; break; }
    }
    if (!hit) return;
    float a = t - step, b = t;
    for (int k = 0; k < 5; k++) {
      float middle = 0.5 * (a + b);
      if (value(start + middle * ray) > 0.0) b = middle; else a = middle;
    }
    vec3 p = start + 0.5 * (a + b) * ray;
    vec3 d = 1.5 * voxel, ex = vec3(d.x, 0, 0), ey = vec3(0, d.y, 0), ez = vec3(0, 0, d.z);
    float c = value(p), px = value(p + ex), mx = value(p - ex), py = value(p + ey), my = value(p - ey), pz = value(p + ez), mz = value(p - ez);
    vec3 g = 0.5 * vec3(px - mx, py - my, pz - mz) / d;
    vec3 h = vec3(px + mx, py + my, pz + mz) - 2.0 * c;
    h /= d * d;
    vec3 m = vec3(value(p + ey + ez) + value(p - ey - ez) - value(p + ey - ez) - value(p - ey + ez),
                  value(p + ex + ez) + value(p - ex - ez) - value(p + ex - ez) - value(p - ex + ez),
                  value(p + ex + ey) + value(p - ex - ey) - value(p + ex - ey) - value(p - ex + ey)) / (4.0 * d.yxx * d.zzy);
    float s = max(dot(g, g), 1e-12);
    float along = (dot(h, g * g) + 2.0 * (m.x * g.y * g.z + m.y * g.x * g.z + m.z * g.x * g.y)) / s;
    float mean = -0.5 * (h.x + h.y + h.z - along) / sqrt(s);
    n = -g / sqrt(s);
    base = plain > 0.5 ? vec3(0.80, 0.70, 0.58) : tint(mean * small);
  }
  vec3 light = turn * normalize(vec3(-0.35, 0.45, 0.82));
  float facing = max(dot(n, -ray), 0.0);
  float lit = 0.30 + 0.62 * max(dot(n, light), 0.0) + 0.12 * facing;
  lit = mix(lit, 0.55 + 0.4 * lit, cutFace);
  float shine = (1.0 - cutFace) * 0.14 * pow(max(dot(reflect(ray, n), light), 0.0), 24.0);
  colour = vec4(base * lit + shine, 1.0);
}
