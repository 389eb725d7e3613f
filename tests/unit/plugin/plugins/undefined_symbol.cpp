// Calls a function that nobody has.
#include "myelin/plugin/register.hpp"

namespace somewhere {
int nowhere();
}

namespace {
class Lost : public myelin::Agent {
 public:
  void on_start() override { where_ = somewhere::nowhere(); }

 private:
  int where_ = 0;
};
}  // namespace

MYELIN_REGISTER_AGENT("lost", Lost)
