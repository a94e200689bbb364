/* Every test; CMakeLists.txt runs each in a process of its own. */
#pragma once

#define ALL_TESTS(TEST)           \
  TEST(tls13)                     \
  TEST(tls12)                     \
  TEST(closing)                   \
  TEST(receive_space)             \
  TEST(keying_material)           \
  TEST(unsent_output_moves)       \
  TEST(certificates_from_files)   \
  TEST(chain_and_key_in_one_file) \
  TEST(chain_that_is_cut_off)     \
  TEST(nothing_to_trust)          \
  TEST(handshake_that_fails)      \
  TEST(seal_tls13)                \
  TEST(seal_tls12)                \
  TEST(unprotected)               \
  TEST(not_ready)                 \
  TEST(import_policy)             \
  TEST(own_claim_store)           \
  TEST(key_ring)                  \
  TEST(s2n)                       \
  TEST(adopt_tls13)               \
  TEST(adopt_tls12)               \
  TEST(link_over_tls)             \
  TEST(link_unprotected)          \
  TEST(link_life)                 \
  TEST(link_refuses)              \
  TEST(names_and_version)         \
  TEST(null)                      \
  TEST(wrong_arguments)           \
  TEST(too_much)                  \
  TEST(a_text_for_each_thread)

#define DECLARE(name) void test_##name(void);
ALL_TESTS(DECLARE)
#undef DECLARE
