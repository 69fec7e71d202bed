#include <stdio.h>

int main(void) {
    printf("compiled and linked in a sandbox: %d\n", 6 * 7);
    return 0;
}
