#define BATON_ASIO_BOOST
#include "data_cases.h"
#include "ending_cases.h"
#include "handover_cases.h"
#include "key_store_cases.h"
#include "token_cases.h"
