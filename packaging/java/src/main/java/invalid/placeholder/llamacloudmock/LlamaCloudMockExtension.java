package invalid.placeholder.llamacloudmock;

import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.api.extension.ExtensionContext.Namespace;
import org.junit.jupiter.api.extension.ParameterContext;
import org.junit.jupiter.api.extension.ParameterResolver;

/**
 * Starts one emulator for all tests of a run, and gives each test with a parameter of type {@link LlamaCloudMock} a key of
 * its own, the same in its {@code @BeforeEach} and {@code @AfterEach}. Constructors and {@code @BeforeAll} get a key of the
 * class. The system property {@code llamacloudmock.flags} has flags for the emulator, separated by spaces. For an emulator
 * that runs already, use {@link LlamaCloudMock#connect} instead.
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
        Shared shared = context.getRoot().getStore(NAMESPACE)
                .getOrComputeIfAbsent(Shared.class, key -> new Shared(), Shared.class);
        // The unique id, because a store also finds what that of the class has.
        return context.getStore(NAMESPACE)
                .getOrComputeIfAbsent(context.getUniqueId(), id -> shared.mock.withNewKey(), LlamaCloudMock.class);
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
