/* The least an init can do: says that it was reached, and turns the machine off. */
#include <sys/reboot.h>
#include <unistd.h>

int main(void)
{
	static const char reached[] = "REACHED\n";

	if (write(STDOUT_FILENO, reached, sizeof(reached) - 1) < 0)
		return 1;
	reboot(RB_POWER_OFF);
	return 1;
}
