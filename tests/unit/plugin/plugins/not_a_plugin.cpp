// Somebody's library, which knows nothing of Myelin.
extern "C" [[gnu::visibility("default")]] int somebodys_function();
int somebodys_function() { return 1; }
