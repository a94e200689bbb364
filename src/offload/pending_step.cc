#include "offload/pending_step.h"

#include "offload/step_work.h"

namespace baton::offload {

void PendingStep::run() {
  if (work_->abandoned || work_->ran) return;
  if (SignatureWork* work = work_->signature.get()) {
    work->signature = work->key->sign(work->scheme, work->input);
    work_->ran = true;
  }
  if (!work_->handshake) return;
  work_->handshake->allow_slow_signature();
  work_->progress = work_->handshake->advance({});
  work_->ran = true;
}

}  // namespace baton::offload
