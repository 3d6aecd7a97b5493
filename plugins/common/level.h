/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * Levels: a plugin's encodings are compiled once for any CPU (the level `c`, which defines them and
 * describes them to Pare) and once more for each set of instructions that meson.build lists, from
 * the same sources. What is not static is named by its level, so that all levels lie in one plugin
 * side by side.
 *
 * The compiler's command line defines LEVEL, the level's name, and, except for `c`, LANES, how many
 * floats its vectors have.
 */
#ifndef PARE_PLUGINS_LEVEL_H
#define PARE_PLUGINS_LEVEL_H

#include <pare/plugin.h>

#ifndef LEVEL
#define LEVEL c
#endif
#ifndef LANES
#define LANES 0
#define LEVEL_CPU 0
#elif LANES == 16
#define LEVEL_CPU (PARE_CPU_AVX512 | PARE_CPU_AVX2 | PARE_CPU_F16C)
#elif LANES == 8
#define LEVEL_CPU (PARE_CPU_AVX2 | PARE_CPU_F16C)
#else
#define LEVEL_CPU PARE_CPU_NEON
#endif

#define LANES_ROOM (LANES > 0 ? LANES : 1)

#define LEVEL_JOIN_(name, level) name##_##level
#define LEVEL_JOIN(name, level) LEVEL_JOIN_(name, level)
#define LEVEL_NAME(name) LEVEL_JOIN(name, LEVEL)
#define LEVEL_TEXT_(level) #level
#define LEVEL_TEXT(level) LEVEL_TEXT_(level)

#endif
