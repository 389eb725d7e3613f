// Uses something that is compiled, not only declared, of each layer.
#include <cstdio>
#include <string>

#include "myelin/base/result.hpp"

namespace {

bool base_works() {
  const myelin::Result<int> result = myelin::fail(myelin::Errc::timeout, "no answer within 2 s");
  return !result && myelin::to_string(result.error()) == "timeout: no answer within 2 s";
}

bool claim(const char* layer, bool works) {
  std::printf("%s: %s\n", layer, works ? "works" : "FAILS");
  return works;
}

}  // namespace

int main() {
  bool works = true;
  works &= claim("base", base_works());
  return works ? 0 : 1;
}
