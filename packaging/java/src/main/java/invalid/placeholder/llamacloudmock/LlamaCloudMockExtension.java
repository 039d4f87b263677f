package invalid.placeholder.llamacloudmock;

import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.api.extension.ExtensionContext.Namespace;
import org.junit.jupiter.api.extension.ParameterContext;
import org.junit.jupiter.api.extension.ParameterResolver;

/**
 * Starts one emulator for all tests of a run, and gives each test with a parameter of type {@link LlamaCloudMock} a key of
 * its own. The system property {@code llamacloudmock.flags} has flags for it, separated by spaces. For an emulator that runs
 * already, use {@link LlamaCloudMock#connect} instead.
 */
public final class LlamaCloudMockExtension implements ParameterResolver {
    private static final Namespace NAMESPACE = Namespace.create(LlamaCloudMockExtension.class);

    @Override
    public boolean supportsParameter(ParameterContext parameter, ExtensionContext context) {
        return parameter.getParameter().getType() == LlamaCloudMock.class;
    }

    @Override
    public Object resolveParameter(ParameterContext parameter, ExtensionContext context) {
        // JUnit closes what is in the store of the root when all tests have ended.
        return context.getRoot().getStore(NAMESPACE)
                .getOrComputeIfAbsent(Shared.class, key -> new Shared(), Shared.class).mock.withNewKey();
    }

    private static final class Shared implements ExtensionContext.Store.CloseableResource {
        private final LlamaCloudMock mock;

        Shared() {
            String flags = System.getProperty("llamacloudmock.flags", "").trim();
            mock = LlamaCloudMock.start(flags.isEmpty() ? new String[0] : flags.split("\\s+"));
        }

        @Override
        public void close() {
            mock.close();
        }
    }
}
