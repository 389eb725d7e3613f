@0xb5d10c7e83f2a946;
# What nodes say to each other about themselves. docs/network.md has the records around it.

using Cxx = import "/capnp/c++.capnp";
$Cxx.namespace("myelin::schema");

struct Hello {
  # The first record each way.

  protocol @0 :UInt16;
  # How the records after this one are to be read.
  incarnation @1 :UInt64;
  # Another one each time the node is started; larger than those before if its clock did not go backwards.
  cluster @2 :Text;
  # 1 to 128 letters, digits, '.', '_', '-'; as in the certificate.
  node @3 :Text;
  # Likewise. Each node of a cluster has another.
  role @4 :Role;
  # Likewise.

  enum Role {
    node @0;
    operator @1;
    readOnly @2;
  }
}
