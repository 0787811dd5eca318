#!/usr/bin/env bash
# Make an environment with everything that the product, its demo and its tests need. A second call returns at once.
#   VENV            folder of the environment (make gives it: .venv, or another one for each choice below)
#   SHAPELAB_QT     Qt binding: PyQt6 (default) or PySide6
#   SHAPELAB_LOWEST 1: the lowest version of everything that pyproject.toml names, in place of the pinned ones
#   PYTHON          interpreter to use
set -euo pipefail
cd "$(dirname "$0")/.."

VENV=${VENV:-.venv}
QT=${SHAPELAB_QT:-PyQt6}
LOWEST=${SHAPELAB_LOWEST:-}
BIN=bin
case "$(uname -s)" in MINGW* | MSYS* | CYGWIN*) BIN=Scripts ;; esac
PY="$VENV/$BIN/python"
STAMP="$VENV/.shapelab-ready"
SYSTEM_PACKAGES="libdbus-1-3 libegl1 libfontconfig1 libgl1 libgl1-mesa-dri libglib2.0-0 libopengl0 libxcb-cursor0 libxcb-icccm4
 libxcb-image0 libxcb-keysyms1 libxcb-randr0 libxcb-render-util0 libxcb-shape0 libxcb-xinerama0 libxcb-xkb1 libxkbcommon-x11-0 xvfb"

say() { printf '%s\n' "$*" >&2; }

case "$QT" in
PyQt6) QT_EXTRA=pyqt6 ;;
PySide6) QT_EXTRA=pyside6 ;;
*)
    say "SHAPELAB_QT is $QT; it can be PyQt6 or PySide6."
    exit 1
    ;;
esac

find_python() {
    local candidate
    for candidate in "${PYTHON:-}" python3.11 python3.12 python3.13 python3.14 python3; do
        if [ -n "$candidate" ] && command -v "$candidate" >/dev/null 2>&1 &&
            "$candidate" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 15))'; then
            command -v "$candidate"
            return
        fi
    done
    say "Python 3.11 to 3.14 is needed and was not found; set PYTHON=/path/to/python."
    exit 1
}

apt_install() { # PURPOSE PACKAGES…: as root (or on a build server) with apt, install; otherwise say the exact command
    local purpose=$1 root=()
    shift
    if [ "$(id -u)" != 0 ] && [ -n "${CI:-}" ] && sudo -n true 2>/dev/null; then root=(sudo -n); fi
    if command -v apt-get >/dev/null 2>&1 && { [ "$(id -u)" = 0 ] || [ ${#root[@]} -gt 0 ]; }; then
        say "Installing system packages for $purpose: $*"
        "${root[@]}" apt-get update -qq
        "${root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@" >/dev/null
    else
        say "System packages are missing for $purpose. Please run once:"
        say "    sudo apt-get install -y $*"
        say "(on a system without apt: the packages of the same libraries), then call make again."
        exit 1
    fi
}

missing_system_packages() { # prints 1 if a library that Qt or OpenGL loads, or the virtual screen, is absent
    [ "$(uname -s)" = Linux ] || return 0
    local library
    command -v Xvfb >/dev/null 2>&1 || { echo 1; return; }
    local cache
    cache=$(/sbin/ldconfig -p 2>/dev/null || ldconfig -p)
    for library in libEGL.so.1 libGL.so.1 libOpenGL.so.0 libxcb-cursor.so.0 libxcb-icccm.so.4 libxcb-keysyms.so.1 \
        libxcb-shape.so.0 libxcb-xkb.so.1 libxkbcommon-x11.so.0 libdbus-1.so.3 libfontconfig.so.1 libglib-2.0.so.0; do
        case "$cache" in *"$library"*) ;; *) echo 1; return ;; esac
    done
}

make_venv() { # PYTHON
    "$1" -m venv "$VENV" >/dev/null 2>&1 && return
    rm -rf "$VENV"
    apt_install "Python's virtual environments" python3-venv
    "$1" -m venv "$VENV"
}

fingerprint() { { cat pyproject.toml constraints.txt scripts/setup.sh; echo "$QT $LOWEST"; } | cksum; }

install_pinned() {
    local pip=("$PY" -m pip install --quiet --disable-pip-version-check --constraint constraints.txt)
    "${pip[@]}" torch
    "${pip[@]}" --editable ".[dev,$QT_EXTRA]"
}

install_lowest() {
    mkdir -p build
    "$PY" -m pip install --quiet --disable-pip-version-check uv
    "$PY" -m uv pip compile --quiet --python "$PY" --resolution lowest-direct --extra test --extra "$QT_EXTRA" \
        --output-file build/lowest.txt pyproject.toml
    "$PY" -m uv pip install --quiet --python "$PY" --requirement build/lowest.txt
    "$PY" -m uv pip install --quiet --python "$PY" --no-deps --editable .
}

if [ -n "$(missing_system_packages)" ]; then
    # shellcheck disable=SC2086
    apt_install "Qt, OpenGL and a virtual screen" $SYSTEM_PACKAGES
fi
find_compiler() { # formulas of users, and distances of large clouds, are compiled by PyKeOps; without a compiler they are refused, the rest works
    case "$(uname -s)" in MINGW* | MSYS* | CYGWIN*) return 0 ;; esac
    if command -v "${CXX:-g++}" >/dev/null 2>&1 || command -v g++ >/dev/null 2>&1; then return 0; fi
    if [ "$(uname -s)" = Darwin ] && command -v clang++ >/dev/null 2>&1; then return 0; fi
    (apt_install "formulas as costs (PyKeOps)" g++ libc6-dev) ||
        say "Without a C++ compiler costs.Formula is refused and its tests are skipped; everything else works."
}

find_browser() { # tests read numbers out of web pages; without Chromium they are skipped, everything else works
    [ "$(uname -s)" = Linux ] && [ -f /etc/debian_version ] || return 0
    local candidate
    for candidate in chromium chromium-browser google-chrome google-chrome-stable chrome; do
        if command -v "$candidate" >/dev/null 2>&1; then return 0; fi
    done
    (apt_install "the tests of web pages" chromium) || say "Without Chromium the tests of web pages are skipped; everything else works."
}

find_webgpu() { # tests run the compute shaders of web pages through wgpu; without a Vulkan driver they are skipped, everything else works
    [ "$(uname -s)" = Linux ] && [ -f /etc/debian_version ] || return 0
    if compgen -G "/usr/share/vulkan/icd.d/*.json" >/dev/null || compgen -G "/etc/vulkan/icd.d/*.json" >/dev/null; then return 0; fi
    (apt_install "the tests of compute shaders" mesa-vulkan-drivers) ||
        say "Without a Vulkan driver the tests of compute shaders are skipped; everything else works."
}

find_compiler
find_browser
find_webgpu
if [ -f "$STAMP" ] && [ "$(cat "$STAMP")" = "$(fingerprint)" ] && "$PY" -c '' 2>/dev/null; then
    exit 0
fi
python=$(find_python)
"$PY" -c '' 2>/dev/null || make_venv "$python"
say "Setting up $VENV (once; this takes a few minutes)…"
if [ -n "$LOWEST" ]; then install_lowest; else install_pinned; fi
fingerprint >"$STAMP"
say "Ready."
