// What of Baton is visible outside of its shared library. Also for C.
#pragma once

#define BATON_EXPORT __attribute__((visibility("default")))
