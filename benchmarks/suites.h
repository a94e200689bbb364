// What main() registers. A benchmark is named SUITE/CASE/SUBJECT and reports either `items_per_second`
// (what one second does) or the counter `bytes`; report.py reads both.
#pragma once

namespace baton::bench {

void register_record_suite();
void register_serialize_suite();
void register_memory_suite();
void register_handshake_suite();

}  // namespace baton::bench
