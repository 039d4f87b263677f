package invalid.placeholder.llamacloudmock;

import java.lang.annotation.ElementType;
import java.lang.annotation.Inherited;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;
import org.junit.jupiter.api.extension.ExtendWith;

/**
 * Flags for the emulator of a test class, after those of the system property {@code llamacloudmock.flags}. Classes with equal
 * flags share an emulator. The annotation brings {@link LlamaCloudMockExtension} with it.
 */
@Inherited
@Target(ElementType.TYPE)
@Retention(RetentionPolicy.RUNTIME)
@ExtendWith(LlamaCloudMockExtension.class)
public @interface LlamaCloudMockFlags {
    /** The flags, each a text of its own, such as {@code "--fault=indexes.list status=503 first=1"}. */
    String[] value();
}
