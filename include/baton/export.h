// What the shared library shows to others; all else in it is hidden. For C and C++.
#pragma once

// Stands at every public function, class and struct. At a struct that is inline, too: a program that is
// compiled with -fvisibility=hidden would otherwise hide it, and with it each class of its own that holds
// one.
#define BATON_EXPORT __attribute__((visibility("default")))

// Stands at what is declared in such a class and is no part of it.
#define BATON_HIDDEN __attribute__((visibility("hidden")))
